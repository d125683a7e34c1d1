import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { ReadyCheck, ReadyNote } from "./health.ts";

/** The server has been told to stop, and lets the pictures at hand end. */
export const notClosing = (isClosing: () => boolean): ReadyCheck => ({
  name: "closing",
  failing: () => (isClosing() ? "The server is shutting down; it takes no more tasks." : undefined),
});

/** A disk on which no request finds room. */
export const diskHasRoom = (disk: Readonly<{ refusal: () => string | undefined }>): ReadyCheck => ({
  name: "disk",
  failing: () => disk.refusal(),
});

/** An engine that died is started again by the next task; one that could not be opened fails each of them, until it can be. */
export const engineWorks = ({ engineState }: Pick<TaskReader, "engineState">): ReadyCheck => ({
  name: "engine",
  failing: () =>
    engineState().state === "failed" ? "The engine cannot work; its tasks fail, and say why." : undefined,
});

/** Milliseconds without Redis that a head bridges: what it accepts meanwhile is given to the fleet afterwards. */
const bridged = 30_000;

/** Whether a fleet's Redis answers, and who hears when that changes. */
type WatchedRedis = Readonly<{
  reachable: boolean;
  onTrouble: (listener: (state: "gone" | "back") => void) => unknown;
}>;

/**
 * A head without its Redis accepts requests, and hears nothing of what becomes of them. For a short while that is no reason to send
 * clients elsewhere: it is mostly gone for all heads at once.
 */
export function redisAnswers(fleet: WatchedRedis, limit = bridged, now = Date.now): ReadyCheck {
  let goneSince = fleet.reachable ? undefined : now();
  fleet.onTrouble((state) => {
    goneSince = state === "gone" ? now() : undefined;
  });
  return {
    name: "redis",
    failing: () =>
      goneSince === undefined || now() - goneSince < limit
        ? undefined
        : "The fleet's Redis does not answer; what is asked for waits until it does.",
  };
}

/** Where nobody makes pictures now, requests are accepted all the same. */
export const workersThere =
  (workers: () => number): ReadyNote =>
  () =>
    workers() === 0 ? "No worker of the fleet is there; tasks wait until one comes." : undefined;

/** A worker that takes nothing more, since it is about to leave. A paused one is as ready as it is meant to be. */
export const staysHere = (isLeaving: () => boolean): ReadyCheck => ({
  name: "leaving",
  failing: () => (isLeaving() ? "This worker is about to leave; it takes no more tasks." : undefined),
});

/** @param states of the engines of a worker */
export const someEngineWorks = (states: () => readonly string[]): ReadyCheck => ({
  name: "engine",
  failing: () =>
    states().every((state) => state === "failed")
      ? "No engine of this worker can be opened; its tasks go to others."
      : undefined,
});
