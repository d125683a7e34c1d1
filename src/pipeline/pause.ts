import type { Run } from "./run.ts";

/**
 * Called between two words, two sections and two network runs, as often as there are any: lets others have their turn where
 * it is time, and throws where the job was asked to stop.
 */
export type Pause = () => Promise<void> | undefined;

/** Milliseconds after which whoever waits for this thread gets a turn: a stop among them. */
const turn = 20;

/**
 * A look at whether the job is to stop. A message is only heard when the event loop turns, which an `await` of what is
 * done already does not bring about.
 */
export function pauseOf(run: Run): Pause {
  let since = performance.now();
  return () => {
    run.checkStop();
    if (performance.now() - since < turn) return undefined;
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      since = performance.now();
      run.checkStop();
    });
  };
}

/** How some work lets others know and have their turn. */
export type Manners = Readonly<{
  pause?: Pause;
  /** Told of every part that is done. */
  tell?: (part: number, parts: number) => void;
}>;
