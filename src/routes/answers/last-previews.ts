import type { TaskId } from "#/lib/task-id.ts";
import type { Preview } from "#/tasks/life-cycle/task.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";

/** Jobs whose last preview is remembered. */
const kept = 16;

/**
 * The last preview of each of the newest jobs. The legacy API goes on showing it after the job has ended; an event's
 * own preview is gone with the next event.
 *
 * @param door whose jobs' previews are asked for after their ends
 */
export function lastPreviews(
  tasks: Pick<TaskReader, "subscribe">,
  door?: string,
): (id: TaskId) => Preview | null {
  const previews = new Map<TaskId, Preview>();
  tasks.subscribe((event) => {
    if (event.type === "settled" && event.door === door) previews.get(event.taskId)?.hold?.();
    if (event.type !== "progress" || event.preview === null) return;
    previews.delete(event.taskId);
    previews.set(event.taskId, event.preview);
    const oldest = previews.keys().next();
    if (previews.size > kept && oldest.done !== true) previews.delete(oldest.value);
  });
  return (id) => previews.get(id) ?? null;
}
