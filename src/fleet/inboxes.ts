import type { TaskId } from "#/lib/task-id.ts";

/** What a worker is told. `ring`: there may be something to take. */
export type WorkerMessage = Readonly<
  | { type: "ring" | "pause" | "resume" | "drain" | "unload" | "remove" }
  | { type: "stop" | "skip"; task: TaskId }
>;

/** Words to single members. */
export interface Inboxes {
  /** @throws EngineError `fleet-unavailable` */
  send(member: string, message: WorkerMessage): Promise<void>;
  /** What is sent to a member from now on. Ends with the signal; a lost connection does not end it. */
  listen(member: string, signal: AbortSignal): AsyncIterable<WorkerMessage>;
}
