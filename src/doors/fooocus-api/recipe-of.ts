import type { GenerateParams } from "#/api/generate.ts";
import type { Json, JsonObject } from "#/api/json.ts";
import { parseJson, writeJson } from "#/api/json.ts";
import { recipeForm } from "#/api/recipe-document.ts";
import { fromStored, imageFields, isImage, keptInputName, keptInputs } from "#/api/stored.ts";
import { RequestError } from "#/lib/errors.ts";
import { type ImageStore, resultPath } from "#/stores/images.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";

/** Fields that say how a request is answered, not what is made; a preset's values are all in the others. */
const ofTheAnswer: readonly string[] = [
  "async_process",
  "stream_output",
  "require_base64",
  "webhook_url",
  "save_name",
  "preset",
];

/**
 * The recipe of a task that has ended, for whoever wants the same pictures again.
 *
 * @param embed whether the pictures that it starts from are in it
 * @throws RequestError `conflict` where there is none
 */
export async function recipeOf(
  task: Task,
  embed: boolean,
  { tasks, images }: Readonly<{ tasks: Pick<TaskReader, "making">; images: ImageStore }>,
): Promise<JsonObject> {
  const made = task.state.status === "settled" ? await tasks.making(task.id) : undefined;
  if (task.state.status !== "settled" || made === undefined) {
    const why =
      task.state.status === "settled"
        ? "it made no picture, or ended before recipes were kept"
        : "it has not ended";
    throw new RequestError("conflict", `There is no recipe of the task ${task.id}: ${why}.`);
  }
  const { program = {}, settings = {}, ...rest } = made;
  const pictures = task.state.images.map(async ({ url, seed }) => {
    const path = await resultPath(url, images);
    const sha256 = path === undefined ? undefined : digestOf(await Bun.file(path).bytes());
    return sha256 === undefined ? [] : [{ url, seed: /^\d+$/.test(seed) ? BigInt(seed) : null, sha256 }];
  });
  return {
    fooocusd_recipe: recipeForm,
    program,
    request: requestIn(fromStored(task.request)),
    settings,
    ...rest,
    inputs: (await Promise.all(keptInputs(task.request).map((name) => inputOf(name, embed, images)))).flat(),
    pictures: (await Promise.all(pictures)).flat(),
  };
}

/** A request as it is posted, with its pictures by their names, which are the same on every server. */
function requestIn(params: GenerateParams): JsonObject {
  const named: Record<string, unknown> = { ...params };
  for (const field of imageFields) named[field] = nameOf(params[field]);
  named["controlnet_image"] = params.controlnet_image.map((slot) => ({
    ...slot,
    cn_img: nameOf(slot.cn_img),
  }));
  for (const field of ofTheAnswer) delete named[field];
  return parseJson(writeJson(named)) as JsonObject;
}

const nameOf = (address: string | null): Json =>
  isImage(address) ? (keptInputName(address) ?? address) : null;

async function inputOf(
  name: string,
  embed: boolean,
  images: Pick<ImageStore, "input">,
): Promise<readonly JsonObject[]> {
  const path = await images.input(name);
  if (path === undefined) return [];
  const bytes = await Bun.file(path).bytes();
  return [{ name, sha256: digestOf(bytes), ...(embed ? { data: bytes.toBase64() } : {}) }];
}

const digestOf = (bytes: Uint8Array): string => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
