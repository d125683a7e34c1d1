import { isJsonObject, type Json, type JsonObject, parseJson } from "#/api/json.ts";
import type { ErrorDetails, WireError } from "#/lib/errors.ts";
import { rowTaskId } from "#/lib/task-id.ts";
import type { SettledStatus, Task, TaskDoor, TaskImage, TaskState } from "#/tasks/life-cycle/task.ts";
import type { KeptKey, Unfinished, WaitingDelivery } from "../history.ts";
import { referenceDoor } from "./migrations/005-doors.ts";
import type { generateRecord, keys, taskExtra } from "./tables.ts";

type RecordRow = typeof generateRecord.$inferSelect;
type ExtraRow = typeof taskExtra.$inferSelect;

export type JoinedRow = Readonly<{ generate_record: RecordRow; fooocusd_task: ExtraRow | null }>;

/** The reference's words for how a task ended, and ours for what it has no word for. */
export const statusWords = {
  finished: "finished",
  stopped: "stop",
  skipped: "skip",
  failed: "failed",
  cancelled: "cancelled",
} as const satisfies Record<SettledStatus, string>;

/**
 * A row as a task; one that never ended, of ours or the reference's, reads as pending at no position. Never throws:
 * another program, or a bad disk, may have left anything in a column. What cannot be read is shown as nothing, and the
 * task's warnings say so.
 */
export function toTask(
  { generate_record: record, fooocusd_task: extra }: JoinedRow,
  onDamage: (id: string, damage: string) => void = () => undefined,
): Task {
  const row = new RowReader();
  const task = {
    ...whatWasAsked(record, extra, row),
    row: record.id,
    state: toState(record, extra, row),
  };
  if (row.damage === undefined) return task;
  onDamage(task.id, row.damage);
  return { ...task, warnings: [...task.warnings, row.damage] };
}

/** A row of ours that never ended. `fault` says why it cannot be made any more, if so. */
export function toUnfinished(
  record: RecordRow,
  extra: ExtraRow,
  onDamage: (id: string, damage: string) => void = () => undefined,
): Unfinished {
  const row = new RowReader();
  const asked = whatWasAsked(record, extra, row);
  const attempt = row.number("attempt", extra.attempt) ?? 0;
  const images = toImages("images", extra.images, row);
  const unfinished = { ...asked, row: record.id, attempt, images, stopping: extra.stopping === 1 };
  if (row.damage === undefined) return { ...unfinished, fault: null };
  onDamage(asked.id, row.damage);
  const fault = row.has("req_params") ? row.damage : null;
  return { ...unfinished, warnings: [...asked.warnings, row.damage], fault };
}

/**
 * A row of a webhook that is still to be posted; nothing if its address cannot be read. A time that is no number would
 * never be due and be looked at without a pause: such a webhook is due now.
 */
export function toDelivery(
  { id, url, attempts, nextAt }: WaitingDelivery,
  onDamage: (id: string, damage: string) => void = () => undefined,
): WaitingDelivery | undefined {
  const row = new RowReader();
  const address = row.text("url", url);
  const delivery = {
    id,
    attempts: row.number("attempts", attempts) ?? 0,
    nextAt: row.number("next_at", nextAt) ?? 0,
  };
  if (row.damage !== undefined) onDamage(id, row.damage);
  return address === null ? undefined : { ...delivery, url: address };
}

/** What was asked for under a key. A row that another program damaged names no task that is there, and fits no request. */
export function toKeptKey({ task_id, fingerprint, warnings }: typeof keys.$inferSelect): KeptKey {
  const row = new RowReader();
  return {
    taskId: rowTaskId(row.text("task_id", task_id) ?? ""),
    fingerprint: row.text("fingerprint", fingerprint) ?? "",
    warnings: row.json("warnings", warnings, texts) ?? [],
  };
}

/** Reads the columns of one row and remembers which of them are damaged. */
class RowReader {
  readonly #damaged = new Set<string>();

  /** A sentence, or nothing if the row is sound. */
  get damage(): string | undefined {
    if (this.#damaged.size === 0) return undefined;
    const columns = [...this.#damaged].join(", ");
    return `The row of this task in the history is damaged: what is kept as ${columns} cannot be read.`;
  }

  has(column: string): boolean {
    return this.#damaged.has(column);
  }

  /** What a column holds, if it is what it should be. */
  json<T>(column: string, text: unknown, read: (value: Json) => T | undefined): T | undefined {
    try {
      const value = typeof text === "string" ? read(parseJson(text)) : undefined;
      if (value !== undefined) return value;
    } catch {
      // Told below.
    }
    this.#damaged.add(column);
    return undefined;
  }

  /** SQLite keeps any text in a column of numbers. */
  number(column: string, value: unknown): number | null {
    if (value === null || value === undefined) return null;
    if (typeof value === "number") return value;
    this.#damaged.add(column);
    return null;
  }

  text(column: string, value: unknown): string | null {
    if (value === null || value === undefined || typeof value === "string") return value ?? null;
    this.#damaged.add(column);
    return null;
  }
}

function whatWasAsked(record: RecordRow, extra: ExtraRow | null, row: RowReader) {
  const object = (value: Json): JsonObject | undefined => (isJsonObject(value) ? value : undefined);
  return {
    id: rowTaskId(record.task_id),
    request: row.json("req_params", record.req_params, object) ?? {},
    webhookUrl: row.text("webhook_url", record.webhook_url) ?? "",
    label: row.text("label", extra?.label),
    door: toDoor(extra),
    warnings: extra === null ? [] : (row.json("warnings", extra.warnings, texts) ?? []),
    queuedAt: row.number("in_queue_mills", record.in_queue_mills) ?? 0,
  };
}

/** Whatever another program left there: what is no text says nothing. */
function toDoor(extra: Readonly<{ door: unknown; door_word: unknown }> | null): TaskDoor {
  if (typeof extra?.door !== "string") return { name: referenceDoor, word: "" };
  return { name: extra.door, word: typeof extra.door_word === "string" ? extra.door_word : "" };
}

function texts(value: Json): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const read = value.filter((item) => typeof item === "string");
  return read.length === value.length ? read : undefined;
}

function toState(record: RecordRow, extra: ExtraRow | null, row: RowReader): TaskState {
  const outcome = (Object.keys(statusWords) as SettledStatus[]).find(
    (key) => statusWords[key] === record.task_status,
  );
  if (outcome === undefined || record.finish_mills === null) return { status: "pending", position: 0 };
  const startedAt = row.number("start_mills", record.start_mills);
  const finishedAt = row.number("finish_mills", record.finish_mills);
  return {
    status: "settled",
    outcome,
    startedAt,
    finishedAt: finishedAt ?? startedAt ?? row.number("in_queue_mills", record.in_queue_mills) ?? 0,
    percent: row.number("progress", record.progress) ?? 100,
    images: imagesOf(record, extra, row),
    error: extra === null || extra.error === null ? null : toError(extra.error, row),
  };
}

/** Ours know more of an image; where they are damaged, the reference's addresses are still there. */
function imagesOf(record: RecordRow, extra: ExtraRow | null, row: RowReader): readonly TaskImage[] {
  if (extra === null) return urlsOnly(record.result, row);
  const images = toImages("images", extra.images, row);
  return row.has("images") ? urlsOnly(record.result, row) : images;
}

function toImages(column: string, text: unknown, row: RowReader): readonly TaskImage[] {
  return row.json(column, text, readImages) ?? [];
}

function readImages(value: Json): readonly TaskImage[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const images = value.flatMap((item) => readImage(item) ?? []);
  return images.length === value.length ? images : undefined;
}

function readRuns(value: Json | undefined): Pick<TaskImage, "runs"> {
  if (value === undefined || !isJsonObject(value)) return {};
  const { made, saved } = value;
  return typeof made === "number" && typeof saved === "number" ? { runs: { made, saved } } : {};
}

const timingNames = ["loading", "encoding", "denoising", "decoding", "saving"] as const;

function readImage(value: Json): TaskImage | undefined {
  if (!isJsonObject(value)) return undefined;
  const { index, url, width, height, seed, nsfw } = value;
  if (typeof index !== "number" || typeof url !== "string" || typeof seed !== "string") return undefined;
  if (typeof width !== "number" || typeof height !== "number") return undefined;
  const checked = typeof nsfw === "boolean" ? { nsfw } : {};
  return {
    index,
    url,
    width,
    height,
    seed,
    ...checked,
    ...readRuns(value["runs"]),
    timings: readTimings(value["timings"]),
  };
}

function readTimings(value: Json | undefined): TaskImage["timings"] {
  if (value === undefined || !isJsonObject(value)) return null;
  const [loading, encoding, denoising, decoding, saving] = timingNames.map((name) => {
    const time = value[name];
    return typeof time === "number" ? time : 0;
  });
  return {
    loading: loading ?? 0,
    encoding: encoding ?? 0,
    denoising: denoising ?? 0,
    decoding: decoding ?? 0,
    saving: saving ?? 0,
  };
}

/** The reference keeps addresses only. */
function urlsOnly(result: unknown, row: RowReader): readonly TaskImage[] {
  const list = (value: Json): readonly Json[] | undefined => (Array.isArray(value) ? value : undefined);
  const urls = result === null ? [] : (row.json("result", result, list) ?? []);
  return urls.map((url, index) => ({
    index,
    url: typeof url === "string" ? url : "",
    width: 0,
    height: 0,
    seed: "",
    timings: null,
  }));
}

function toError(text: unknown, row: RowReader): WireError {
  const read = row.json("error", text, (value) => {
    if (!isJsonObject(value)) return undefined;
    const { code, message, details } = value;
    if (typeof code !== "string" || typeof message !== "string") return undefined;
    // Codes of a newer version are shown as they are; nothing here depends on the list.
    return { code: code as WireError["code"], message, details: plain(details) };
  });
  return read ?? { code: "storage-failed", message: "Why it failed can no longer be read.", details: {} };
}

/** Details that are no plain facts say nothing. */
function plain(value: Json | undefined): ErrorDetails {
  if (value === undefined || !isJsonObject(value)) return {};
  const facts = Object.entries(value).filter(
    (entry): entry is [string, string | number | boolean | null | (string | number)[]] => isFact(entry[1]),
  );
  return Object.fromEntries(facts);
}

const isFact = (value: Json): boolean =>
  value === null ||
  ["string", "number", "boolean"].includes(typeof value) ||
  (Array.isArray(value) && value.every((item) => typeof item === "string" || typeof item === "number"));
