import { EngineError, toWireError, type WireError } from "#/lib/errors.ts";
import type { Unfinished } from "#/stores/history.ts";
import type { End } from "./endings.ts";
import type { LiveTask } from "./live-tasks.ts";

/** Started this often and never finished: the next attempt would end the same way. */
const mostAttempts = 2;

/** Whether a task that was started so often, and whose engine died, is started again. */
export const isTriedAgain = (attempts = mostAttempts): boolean => attempts < mostAttempts;

/** How a task ends that was taken out of the queue. */
export const cancelled: End = { outcome: "cancelled", startedAt: null, percent: 0, images: [], error: null };

/** A task that was left unfinished, as one that waits again. */
export function waitingAgain(left: Unfinished): LiveTask {
  const { attempt, images, fault: _, stopping: __, ...row } = left;
  return { task: { ...row, state: { status: "pending", position: 0 } }, attempts: attempt, images };
}

/** What decides whether a task that was left unfinished is made again. */
type LeftTask = Pick<Unfinished, "stopping" | "fault" | "attempt" | "images">;

/** How a task ends that the last process left unfinished; nothing for one that is to be made. */
export function endOfUnfinished({ stopping, fault, attempt, images }: LeftTask): End | undefined {
  const left = { startedAt: null, images } as const;
  // Whoever stopped it does not want it back.
  if (stopping) return { ...left, outcome: "stopped", percent: 100, error: null };
  const error = whyNotAgain(fault, attempt);
  return error === undefined ? undefined : { ...left, outcome: "failed", percent: 0, error };
}

function whyNotAgain(fault: string | null, attempt: number): WireError | undefined {
  if (fault !== null) return toWireError(new EngineError("storage-failed", fault));
  if (attempt < mostAttempts) return undefined;
  const message = `The server or its engine died ${attempt} times while it made this; it is not tried again.`;
  return toWireError(new EngineError("interrupted", message));
}
