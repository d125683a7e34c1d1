import type { Json, JsonObject } from "#/api/json.ts";
import { statusWords } from "#/stores/history/rows.ts";
import type { Task, TaskImage } from "#/tasks/life-cycle/task.ts";
import { picturesOf } from "#/tasks/picture-texts/made-with.ts";

/** A task as its record, keys in the contract's order; the running one carries its newest preview as bare base64. */
export async function taskRecord(task: Task): Promise<JsonObject> {
  const png = task.state.status === "running" ? await task.state.progress.preview?.png() : undefined;
  return recordWith(task, png === undefined ? null : Buffer.from(png).toString("base64"));
}

/** The record at once, which leaves no time to encode a preview: a running one's is null. */
export const recordNow = (task: Task): JsonObject => recordWith(task, null);

function recordWith(task: Task, preview: string | null): JsonObject {
  if (task.state.status !== "running") return storedRecord(task);
  const { progress, startedAt, images } = task.state;
  return {
    id: task.row,
    task_id: task.id,
    req_params: task.request,
    in_queue_mills: task.queuedAt,
    start_mills: startedAt,
    finish_mills: -1,
    task_status: "running",
    progress: progress.percent,
    preview,
    webhook_url: task.webhookUrl,
    result: images.map(({ url }): Json => url),
    ...pictured(task, images),
  };
}

/** A task as the history keeps it: pending and lost ones have nulls, a failed one has a reason. */
export function storedRecord(task: Task): JsonObject {
  const { id, row, request, webhookUrl, warnings, queuedAt, state } = task;
  const settled = state.status === "settled" ? state : undefined;
  const error = settled?.error;
  return {
    id: row,
    in_queue_mills: queuedAt,
    finish_mills: settled?.finishedAt ?? null,
    progress: settled?.percent ?? null,
    result: settled?.images.map(({ url }): Json => url) ?? null,
    req_params: request,
    task_id: id,
    start_mills: settled?.startedAt ?? null,
    task_status: settled === undefined ? null : statusWords[settled.outcome],
    webhook_url: webhookUrl,
    ...pictured(task, settled?.images ?? []),
    ...(error === undefined || error === null ? {} : { error: { code: error.code, message: error.message } }),
    ...added(warnings),
  };
}

/** What an asynchronous request is answered with at once. */
export const acknowledgement = ({ id, warnings }: Task): JsonObject => ({
  id: -1,
  task_id: id,
  req_params: {},
  in_queue_mills: -1,
  start_mills: -1,
  finish_mills: -1,
  task_status: "pending",
  progress: -1,
  preview: "",
  webhook_url: "",
  result: [],
  ...added(warnings),
});

/** What each picture was made with, in the order of `result`; a key of ours, there only with pictures. */
function pictured(task: Task, images: readonly TaskImage[]): JsonObject {
  const pictures = picturesOf(task, images);
  return pictures.length === 0 ? {} : { pictures };
}

/** A key of ours, there only when there is something to say. */
const added = (warnings: readonly string[]): JsonObject => (warnings.length === 0 ? {} : { warnings });
