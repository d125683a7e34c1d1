import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { ReadyCheck } from "./health.ts";

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

/** An engine that died is started again by the next task; one that could not be opened fails each of them. */
export const engineWorks = ({ engineState }: Pick<TaskReader, "engineState">): ReadyCheck => ({
  name: "engine",
  failing: () =>
    engineState().state === "failed" ? "The engine cannot work; its tasks fail, and say why." : undefined,
});
