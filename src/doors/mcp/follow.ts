import { RequestError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { ended } from "#/routes/answers/ended.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { ownSentenceOf } from "../fooocus-api/sentence.ts";
import { waiting } from "./answers/job.ts";
import type { Call } from "./call.ts";

/**
 * A task once it has ended, telling of its progress meanwhile. A client that takes its call back stops the task; one that just
 * goes away ends the watching only.
 *
 * @throws RequestError `conflict` for a task that was deleted; EngineError `interrupted` if the server closes
 */
export async function followed(id: TaskId, { parts, cancelled, gone, tell }: Call): Promise<Task> {
  const { tasks } = parts;
  const enough = AbortSignal.any([cancelled, gone]);
  const state = (await tasks.find(id))?.state;
  if (state?.status === "pending") await tell({ percent: 0, message: waiting(state.position) });
  for await (const event of tasks.watch(id, enough)) {
    if (event.type === "progress") await tell({ percent: event.percent, message: ownSentenceOf(event) });
  }
  if (cancelled.aborted) {
    await tasks.control(id, "stop");
    throw new RequestError("conflict", `The call was cancelled, and with it the job ${id}.`);
  }
  if (gone.aborted)
    throw new RequestError("conflict", `Nobody waits for the job ${id} any more; it goes on.`);
  return await ended(tasks, id, gone);
}
