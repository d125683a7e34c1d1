import { isTriedAgain } from "./unfinished.ts";

/**
 * What becomes of a task whose attempt ended: it ends as the attempt did, or as stopped; the next start of the server makes it; or it waits
 * again, before all others, where its engine died (`again`) or could not be opened, which is no attempt at it (`elsewhere`).
 */
export type Fate = "ends" | "stopped" | "handed-back" | "again" | "elsewhere";

/** How an attempt ended, as far as its engine goes. */
export type Ended = Readonly<{
  /** Code of the error, if there is one. */
  code: string | undefined;
  /** The engine could not be opened, and another may make the task. */
  isOutOfUse: boolean;
  /** Somebody asked the task to stop. */
  stopping: boolean;
  /** The server ends. */
  closing: boolean;
  /** How often the task was started, this time included. */
  attempts: number | undefined;
}>;

/** Whether a task has ended, and if not, what follows. */
export function fateOf({ code, isOutOfUse, stopping, closing, attempts }: Ended): Fate {
  const isElsewhere = code !== undefined && isOutOfUse;
  if (code !== "worker-died" && !isElsewhere) return "ends";
  if (stopping) return "stopped";
  // Whoever ends a service may end its engine first; that is no fault of the picture's.
  if (closing) return "handed-back";
  if (isElsewhere) return "elsewhere";
  return isTriedAgain(attempts) ? "again" : "ends";
}
