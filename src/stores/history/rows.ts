import { isJsonObject, type Json, parseJson } from "#/api/json.ts";
import { isLegacyJob, type LegacyJob } from "#/api/legacy/job.ts";
import type { TaskId } from "#/engine/protocol.ts";
import type { WireError } from "#/lib/errors.ts";
import type { SettledStatus, Task, TaskImage, TaskState } from "#/tasks/task.ts";
import type { generateRecord, taskExtra } from "./tables.ts";

export type JoinedRow = Readonly<{
  generate_record: typeof generateRecord.$inferSelect;
  fooocusd_task: typeof taskExtra.$inferSelect | null;
}>;

/** The reference's words for how a task ended, and ours for what it has no word for. */
export const statusWords = {
  finished: "finished",
  stopped: "stop",
  skipped: "skip",
  failed: "failed",
  cancelled: "cancelled",
} as const satisfies Record<SettledStatus, string>;

/** A row as a task; a row that never ended, of ours or the reference's, reads as pending at no position. */
export function toTask({ generate_record: record, fooocusd_task: extra }: JoinedRow): Task {
  const request = safely(record.req_params);
  return {
    id: record.task_id as TaskId,
    row: record.id,
    request: isJsonObject(request) ? request : {},
    webhookUrl: record.webhook_url ?? "",
    label: extra?.label ?? null,
    legacyJob: toLegacyJob(extra?.legacy_job ?? null),
    warnings: toWarnings(extra?.warnings ?? "[]"),
    queuedAt: record.in_queue_mills ?? 0,
    state: toState(record, extra),
  };
}

/** What the client was told, as our table keeps it. */
export function toWarnings(text: string): readonly string[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** A word that is none of ours says nothing. */
export const toLegacyJob = (word: string | null): LegacyJob | null => (isLegacyJob(word) ? word : null);

function toState(record: JoinedRow["generate_record"], extra: JoinedRow["fooocusd_task"]): TaskState {
  const outcome = (Object.keys(statusWords) as SettledStatus[]).find(
    (key) => statusWords[key] === record.task_status,
  );
  if (outcome === undefined || record.finish_mills === null) return { status: "pending", position: 0 };
  return {
    status: "settled",
    outcome,
    startedAt: record.start_mills,
    finishedAt: record.finish_mills,
    percent: record.progress ?? 100,
    images: extra === null ? urlsOnly(record.result) : toImages(extra.images),
    error: extra === null || extra.error === null ? null : toError(extra.error),
  };
}

/** Images as our table keeps them. */
export function toImages(text: string): readonly TaskImage[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value : [];
}

/** The reference keeps addresses only. */
function urlsOnly(result: string | null): readonly TaskImage[] {
  const urls = result === null ? [] : safely(result);
  if (!Array.isArray(urls)) return [];
  return urls.map((url: Json, index: number) => ({
    index,
    url: typeof url === "string" ? url : "",
    width: 0,
    height: 0,
    seed: "",
    timings: null,
  }));
}

function toError(text: string): WireError {
  const value: WireError = JSON.parse(text);
  return value;
}

/** JSON that another program wrote: what cannot be read is shown as nothing. */
function safely(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
