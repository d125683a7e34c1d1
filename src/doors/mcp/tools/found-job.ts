import { RequestError } from "#/lib/errors.ts";
import { type TaskId, taskIdOf } from "#/lib/task-id.ts";
import type { DoorParts } from "#/routes/door.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";

/** @throws RequestError `unknown-task` for an id that is nobody's, or none at all */
export async function foundJob(
  said: unknown,
  { tasks }: Pick<DoorParts, "tasks">,
): Promise<Task & Readonly<{ id: TaskId }>> {
  const id = typeof said === "string" ? taskIdOf(said.replaceAll("-", "").toLowerCase()) : undefined;
  const task = id === undefined ? undefined : await tasks.find(id);
  if (task !== undefined) return task;
  const shown = JSON.stringify(String(said).slice(0, 64));
  const message = `job_id: there is no job ${shown}; generate and edit give the id of theirs as job_id.`;
  throw new RequestError("unknown-task", message, { field: "job_id" });
}
