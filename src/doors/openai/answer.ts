import type { JsonObject } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Task, TaskImage } from "#/tasks/life-cycle/task.ts";
import { inTheseWords } from "./api/other-words.ts";
import { qualityOf } from "./api/performance.ts";
import type { PictureForm } from "./api/picture-form.ts";
import { type PictureParts, pictureData } from "./picture-data.ts";
import type { Failure } from "./refusal-body.ts";
import { noUsage } from "./usage.ts";

/**
 * A task that has ended as an answer with its pictures. `model`, `task_id`, `warnings` and each picture's `seed` are ours;
 * typed clients pass them over.
 *
 * @throws RequestError `conflict` where it was stopped before there was a picture
 */
export async function imagesAnswer(task: Task, form: PictureForm, parts: PictureParts): Promise<JsonObject> {
  const { state, request } = task;
  const made = state.status === "settled" ? state.images : [];
  const [first] = made;
  if (first === undefined) throw stopped(task, 0);
  const asked = Number(request["image_number"]);
  const few = made.length < asked ? [stopped(task, made.length).message] : [];
  const warnings = [...task.warnings.map(inTheseWords), ...few];
  return {
    created: Math.floor(Date.now() / 1000),
    data: await Promise.all(
      made.map(async ({ url, seed }) => ({
        ...(form.data ? { b64_json: await pictureData(url, form, parts) } : {}),
        ...(form.url ? { url } : {}),
        ...(seed === "" ? {} : { seed: BigInt(seed) }),
      })),
    ),
    background: "opaque",
    output_format: form.format,
    quality: qualityOf(request["performance_selection"]),
    size: sizeOf(first),
    usage: noUsage,
    model: request["base_model_name"] ?? null,
    task_id: task.id,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** A picture's size as OpenAI writes it. */
export const sizeOf = ({ width, height }: Pick<TaskImage, "width" | "height">): string =>
  `${width}x${height}`;

/** That somebody stopped, skipped or cancelled what was asked for. */
export function stopped({ id, request }: Task, made: number): RequestError {
  const some =
    made === 0
      ? "before there was a picture"
      : `after ${made} of ${Number(request["image_number"])} pictures`;
  return new RequestError("conflict", `The task ${id} was stopped ${some}.`);
}

/** Why a task failed, and where the pictures are that it made before; undefined for one that did not fail. */
export function failureOf({ state }: Task): Failure | undefined {
  if (state.status !== "settled" || state.error === null) return undefined;
  const { error, images } = state;
  const kept = images.map(({ url }) => ` ${url}`).join("");
  return kept === ""
    ? error
    : { ...error, message: `${error.message} The pictures that were made before are kept:${kept}` };
}
