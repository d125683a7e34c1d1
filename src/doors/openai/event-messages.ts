import { type JsonObject, writeJson } from "#/api/json.ts";
import { encodeImage } from "#/image/encode.ts";
import type { Preview, Task, TaskImage } from "#/tasks/life-cycle/task.ts";
import { sizeOf } from "./answer.ts";
import type { ImageJob, OutputFormat } from "./api/fields.ts";
import { inTheseWords } from "./api/other-words.ts";
import { qualityOf } from "./api/performance.ts";
import type { PictureForm } from "./api/picture-form.ts";
import { type PictureParts, pictureData } from "./picture-data.ts";
import { type Failure, failureBody } from "./refusal-body.ts";
import { noUsage } from "./usage.ts";

/** What a stream is about. */
export type Streamed = Readonly<{
  job: ImageJob;
  /** As it was submitted. */
  task: Task;
  form: PictureForm;
  /** Partial pictures of each picture. */
  partials: number;
}>;

/** How OpenAI's names of events begin. */
const names = { generation: "image_generation", edit: "image_edit" } as const satisfies Record<
  ImageJob,
  string
>;

/** A picture while it is drawn; it is smaller than what becomes of it. */
export async function partialMessage(
  preview: Preview,
  index: number,
  streamed: Streamed,
): Promise<string | undefined> {
  const { task, job, form } = streamed;
  const picture = await encodedPreview(preview, form.format);
  if (picture === undefined) return undefined;
  // What becomes of a picture's size is known when it is there.
  const asked = task.request["aspect_ratios_selection"];
  const size = job === "edit" || typeof asked !== "string" ? "auto" : asked.replace("×", "x");
  return message(`${names[job]}.partial_image`, {
    b64_json: picture.toBase64(),
    partial_image_index: index,
    size,
    ...common(streamed),
  });
}

/** A picture that is made, with what must be told of its task. */
export async function completedMessage(
  { url, seed, ...size }: TaskImage,
  warnings: readonly string[],
  streamed: Streamed,
  parts: PictureParts,
): Promise<string> {
  const { job, form } = streamed;
  return message(`${names[job]}.completed`, {
    b64_json: await pictureData(url, form, parts),
    ...(form.url ? { url } : {}),
    ...(seed === "" ? {} : { seed: BigInt(seed) }),
    size: sizeOf(size),
    usage: noUsage,
    ...common(streamed),
    ...(warnings.length === 0 ? {} : { warnings: warnings.map(inTheseWords) }),
  });
}

/** Why there will be no more pictures. */
export const failureMessage = (failure: Failure): string => message("error", failureBody(failure));

function common({ task, form }: Streamed): JsonObject {
  return {
    created_at: Math.floor(Date.now() / 1000),
    output_format: form.format,
    quality: qualityOf(task.request["performance_selection"]),
    background: "opaque",
    model: task.request["base_model_name"] ?? null,
    task_id: task.id,
  };
}

const message = (type: string, data: JsonObject): string =>
  `event: ${type}\ndata: ${writeJson({ type, ...data })}\n\n`;

async function encodedPreview(preview: Preview, format: OutputFormat): Promise<Uint8Array | undefined> {
  if (format === "png") return await preview.png();
  const pixmap = await preview.pixmap();
  return pixmap && (await encodeImage(pixmap, format));
}
