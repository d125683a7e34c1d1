import { EngineError, RequestError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";

/**
 * The task when it has ended.
 *
 * @throws EngineError `interrupted` if the server closes first; RequestError `conflict` if somebody deleted it
 */
export async function ended(tasks: Tasks, id: TaskId, signal: AbortSignal): Promise<Task> {
  const task = await tasks.settled(id, signal);
  if (task === undefined)
    throw new RequestError("conflict", `The task ${id} was deleted before it had ended.`);
  if (task.state.status === "settled") return task;
  const message = `The server is shutting down; the task ${id} is kept and goes on when it is started again.`;
  throw new EngineError("interrupted", message);
}
