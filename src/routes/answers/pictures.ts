import type { JsonObject } from "#/api/json.ts";
import { formatNames } from "#/image/encode.ts";
import { dataUri } from "#/lib/data-uri.ts";
import { type ImageStore, resultPath } from "#/stores/images.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";

/** A result as a data URI, by its address; null when the file is gone. */
export async function dataUriOf(url: string, images: ImageStore): Promise<string | null> {
  const path = await resultPath(url, images);
  if (path === undefined) return null;
  const format = formatNames[path.replace(/^.*\./, "").toLowerCase()] ?? "png";
  return dataUri(`image/${format}`, await Bun.file(path).bytes());
}

/** Path of a settled task's first picture; undefined if it has none, or it is gone. */
export async function firstPicture({ state }: Task, images: ImageStore): Promise<string | undefined> {
  const first = state.status === "settled" ? state.images[0] : undefined;
  return first === undefined ? undefined : await resultPath(first.url, images);
}

/**
 * A settled task's record with its pictures in it, in the order of `result`, if the request asked for that
 * (`require_base64`). Only where one task is asked for: a list would be as large as all its pictures.
 */
export async function withPictures(
  record: JsonObject,
  { request, state }: Task,
  images: ImageStore,
): Promise<JsonObject> {
  if (request.require_base64 !== true || state.status !== "settled") return record;
  return { ...record, base64: await Promise.all(state.images.map(({ url }) => dataUriOf(url, images))) };
}
