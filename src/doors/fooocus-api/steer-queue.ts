import { RequestError } from "#/lib/errors.ts";
import { taskIdOf } from "#/lib/task-id.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { TaskWriter } from "#/tasks/life-cycle/task-writer.ts";

/** What can be said of the queue, on the live channel and over HTTP. */
export type QueueWish = Readonly<
  | { action: "pause" | "resume" | "clear" }
  | { action: "move"; task_id: string; before?: string | null | undefined }
>;

/** What steering works with. */
export type Steered = Pick<TaskReader, "queue"> & Pick<TaskWriter, "pause" | "move" | "cancelWaiting">;

/**
 * Does what is wished with the queue.
 *
 * @throws RequestError `conflict` naming the field: what no longer waits cannot be moved
 */
export async function steerQueue(wish: QueueWish, tasks: Steered): Promise<void> {
  switch (wish.action) {
    case "pause":
    case "resume":
      return await tasks.pause(wish.action === "pause");
    case "clear":
      await tasks.cancelWaiting();
      return;
    case "move":
      return await move(wish, tasks);
  }
}

async function move(
  { task_id, before = null }: Extract<QueueWish, { action: "move" }>,
  tasks: Steered,
): Promise<void> {
  const id = taskIdOf(task_id);
  const place = before === null ? null : taskIdOf(before);
  if (id !== undefined && place !== undefined && (await tasks.move(id, place))) return;
  const { pending } = tasks.queue;
  const field = id !== undefined && pending.includes(id) ? "before" : "task_id";
  const named = field === "before" ? before : task_id;
  throw new RequestError("conflict", `${field}: ${named} is not waiting, so nothing was moved.`, { field });
}
