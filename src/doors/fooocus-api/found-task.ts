import type { JsonObject } from "#/api/json.ts";
import { type Addresses, taskFor } from "#/routes/answers/addresses.ts";
import { thumbnailAddress } from "#/routes/answers/thumbnail-address.ts";
import { statusWords } from "#/stores/history/rows.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";

/** What a list of many shows of a task: a hundredth of its record. */
export function foundTask(kept: Task, starred: boolean, addresses: Addresses): JsonObject {
  const { row, id, request, queuedAt, state } = taskFor(kept, addresses);
  const settled = state.status === "settled" ? state : undefined;
  const error = settled?.error ?? null;
  return {
    id: row,
    task_id: id,
    task_status: settled === undefined ? "running" : statusWords[settled.outcome],
    in_queue_mills: queuedAt,
    finish_mills: settled?.finishedAt ?? null,
    prompt: typeof request["prompt"] === "string" ? request["prompt"] : "",
    starred,
    pictures: (state.status === "pending" ? [] : state.images).map(({ url, width, height }) => ({
      url,
      thumbnail: thumbnailAddress(url, id, addresses),
      width,
      height,
    })),
    ...(error === null ? {} : { error: { code: error.code, message: error.message } }),
  };
}
