import { existsSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type Json, type JsonObject, parseJson, writeJson } from "#/api/json.ts";
import { imageFields } from "#/api/stored.ts";
import type { OldRecord } from "#/stores/history/old-records.ts";
import { statusWords } from "#/stores/history/rows.ts";
import type { TakenRow } from "#/stores/history/take-in.ts";
import { isCleanName, type KeptImage, keptImageOf } from "#/stores/images.ts";
import type { Destination } from "./destination.ts";

/** Where a FooocusAPI keeps its pictures. */
export type OldPlaces = Readonly<{ outputs: readonly string[]; inputs: string }>;

/** What became of a row; `missing` are pictures that it names and that are gone. */
export type TakenTask = Readonly<{
  isNew: boolean;
  missing: readonly string[];
  pictures: readonly KeptImage[];
}>;

/**
 * What a row lacks that ours cannot be without; nothing where it can be taken. Whatever wrote the old table may have made it
 * without its rules.
 */
export function lackOf({
  task_id,
  req_params,
}: Readonly<Record<keyof OldRecord, unknown>>): string | undefined {
  const lacks = [
    ...(isText(task_id) ? [] : ["an id of a task (task_id)"]),
    ...(req_params === null ? ["what was asked for (req_params)"] : []),
  ];
  return lacks.length === 0 ? undefined : `it lacks ${lacks.join(" and ")}`;
}

const isText = (value: unknown): boolean =>
  (typeof value === "string" && value !== "") || typeof value === "number";

/**
 * Takes a row of FooocusAPI's with its pictures, and those that its request brought. Its addresses become ours; else it is as
 * it was. One that never ended is told as failed: else it would seem to wait for ever.
 */
export async function takeTask(row: OldRecord, places: OldPlaces, into: Destination): Promise<TakenTask> {
  const pictures = picturesOf(row.result);
  const kept = pictures.flatMap((url) => {
    const image = keptImageOf(url);
    return image !== undefined && isCleanName(image.folder) && isCleanName(image.name) ? [image] : [];
  });
  if (into.has(row.task_id)) return { isNew: false, missing: [], pictures: kept };
  const missing: string[] = [];
  const urls: string[] = [];
  for (const { folder, name } of kept) {
    const from = places.outputs.map((one) => join(one, folder, name)).find((path) => existsSync(path));
    if (from === undefined) missing.push(`${folder}/${name}`);
    const put = from === undefined ? { name } : await into.putOutput(from, folder, name);
    urls.push(`${into.base}/outputs/${folder}/${encodeURIComponent(put.name)}`);
  }
  const request = await withInputs(row.req_params, places.inputs, into);
  into.put(withEnd({ ...row, req_params: request, result: row.result === null ? null : writeJson(urls) }));
  return { isNew: true, missing, pictures: kept };
}

/** Addresses of a row's pictures, as far as its column can be read. */
function picturesOf(result: unknown): readonly string[] {
  const value = parsed(result);
  return Array.isArray(value) ? value.filter((url) => typeof url === "string") : [];
}

function parsed(text: unknown): Json | undefined {
  try {
    const value = typeof text === "string" ? parseJson(text) : undefined;
    // Some versions wrote the JSON of a JSON.
    return typeof value === "string" ? parseJson(value) : value;
  } catch {
    return undefined;
  }
}

/** A request whose pictures are ours now; one that cannot be read stays as it is, and its record says so. */
async function withInputs(text: string, inputs: string, into: Destination): Promise<string> {
  const request = parsed(text);
  if (request === undefined || !isJsonObject(request)) return text;
  const moved = async (value: Json | undefined): Promise<Json | undefined> => {
    const name = typeof value === "string" ? /\/inputs\/([^/?#]+)$/.exec(value)?.[1] : undefined;
    if (name === undefined || !isCleanName(name) || !existsSync(join(inputs, name))) return value;
    await into.putInput(join(inputs, name), name);
    return `${into.base}/inputs/${name}`;
  };
  const changed: Record<string, Json> = {};
  for (const field of imageFields) {
    const value = await moved(request[field]);
    if (value !== undefined) changed[field] = value;
  }
  const slots = request["controlnet_image"];
  if (Array.isArray(slots)) changed["controlnet_image"] = await Promise.all(slots.map(slotWith(moved)));
  return writeJson({ ...request, ...changed });
}

const slotWith =
  (moved: (value: Json | undefined) => Promise<Json | undefined>) =>
  async (slot: Json): Promise<Json> => {
    if (!isJsonObject(slot)) return slot;
    const image = await moved(slot["cn_img"]);
    return image === undefined ? slot : ({ ...slot, cn_img: image } satisfies JsonObject);
  };

function withEnd(record: OldRecord): TakenRow {
  if (record.task_status !== null && record.finish_mills !== null) return { record };
  const message = "The old history does not say how this task ended.";
  return {
    record: {
      ...record,
      task_status: statusWords.failed,
      finish_mills: record.finish_mills ?? record.start_mills ?? record.in_queue_mills ?? 0,
      result: record.result ?? "[]",
    },
    extra: { error: writeJson({ code: "interrupted", message, details: {} }) },
  };
}
