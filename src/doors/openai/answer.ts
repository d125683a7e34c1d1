import type { JsonObject } from "#/api/json.ts";
import { errorOf, RequestError } from "#/lib/errors.ts";
import type { Task, TaskImage } from "#/tasks/life-cycle/task.ts";
import { inTheseWords } from "./api/other-words.ts";
import { qualityOf } from "./api/performance.ts";
import type { PictureForm } from "./api/picture-form.ts";
import { type PictureParts, pictureData } from "./picture-data.ts";
import { noUsage } from "./usage.ts";

/**
 * A task that has ended as an answer with its pictures. `model`, `task_id`, `warnings` and each picture's `seed` are ours;
 * typed clients pass them over.
 *
 * @throws AppError as the task failed; RequestError `conflict` where it was stopped before there was a picture
 */
export async function imagesAnswer(task: Task, form: PictureForm, parts: PictureParts): Promise<JsonObject> {
  const { state, request } = task;
  const made = state.status === "settled" ? state.images : [];
  const error = state.status === "settled" ? state.error : null;
  if (error !== null) throw errorOf({ ...error, message: error.message + keptBefore(made) });
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
      : `after ${made} of ${String(request["image_number"])} pictures`;
  return new RequestError("conflict", `The task ${id} was stopped ${some}.`);
}

/** Nothing is lost of a task that failed later. */
const keptBefore = (made: readonly TaskImage[]): string =>
  made.length === 0
    ? ""
    : ` Pictures that were made before are kept: ${made.map(({ url }) => url).join(" ")}`;
