import type { GenerateRequest } from "#/api/generate.ts";
import { isJsonObject } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";
import { type Addresses, keptRequest } from "#/routes/answers/addresses.ts";
import type { DoorParts } from "#/routes/door.ts";
import type { RequestKey } from "#/stores/history.ts";
import type { Submitted } from "#/tasks/life-cycle/task-writer.ts";
import type { EditPictures } from "./api/edit-pictures.ts";
import type { ImageJob } from "./api/fields.ts";
import { inTheseWords } from "./api/other-words.ts";
import { askedPerformance, type Performance } from "./api/performance.ts";
import type { PictureForm } from "./api/picture-form.ts";
import type { Said } from "./api/read-words.ts";
import { type Chosen, toGenerateRequest, unusedInEdit } from "./api/to-generate.ts";
import { editInputs } from "./edit-mask.ts";
import { modelNamed } from "./model-named.ts";

/** The name of this door, as it is kept with every task. */
export const doorName = "openai";

/** A request that was read. */
export type Asked = Readonly<{ job: ImageJob; said: Said; pictures?: EditPictures }>;

/** What a task is made with beside the request: how its pictures are kept, and by whom and under which key it was asked. */
export type Order = Readonly<{
  form: PictureForm;
  addresses: Addresses;
  key: RequestKey | undefined;
  requestId: string | undefined;
}>;

type Parts = Pick<DoorParts, "tasks" | "tools" | "catalog" | "choices" | "decoding">;

/**
 * A request as a task. Pictures that guide take no part, and the task says so, where there are no files for that.
 *
 * @throws RequestError, in this door's names of fields
 */
export async function submitted(asked: Asked, order: Order, parts: Parts): Promise<Submitted> {
  const { job, said } = asked;
  const { form, addresses, key, requestId } = order;
  const found = chosen(asked, form, parts);
  const inputs = asked.pictures && (await editInputs(keptPictures(asked.pictures, addresses), parts));
  const request = toGenerateRequest(said.words, found, inputs?.pictures);
  const unused = asked.pictures === undefined ? [] : unusedInEdit(said.words, asked.pictures);
  const warnings = [...said.warnings, ...found.warnings, ...unused, ...(inputs?.warnings ?? [])];
  const submit = (body: GenerateRequest, more: readonly string[] = []): Promise<Submitted> =>
    parts.tasks.submitOnce(keptRequest(body, addresses), key, {
      door: { name: doorName, word: job },
      warnings: [...warnings, ...more],
      requestId,
    });
  try {
    return await submit(request);
  } catch (thrown) {
    if (!lacksGuide(thrown)) throw renamed(thrown);
    const { controlnet_image: _, ...alone } = request;
    const told = `The pictures behind the first one took no part. ${inTheseWords(thrown.message)}`;
    return await submit(alone, [told]).catch((again: unknown) => {
      throw renamed(again);
    });
  }
}

function chosen(
  { said: { words } }: Asked,
  { kept }: PictureForm,
  { catalog, choices }: Parts,
): Chosen & Readonly<{ warnings: readonly string[] }> {
  const { model: wanted = "", preset } = words;
  const model = modelNamed(wanted, catalog.names("checkpoints"));
  const { defaults, performances } = choices({
    ...(preset === undefined ? {} : { preset }),
    ...(model === undefined ? {} : { base_model_name: model }),
  });
  const isThere = (name: Performance): boolean => {
    const mode = performances[name];
    return mode !== undefined && isJsonObject(mode) && mode["lacks"] === null;
  };
  const { performance, warnings } = askedPerformance(words, isThere);
  const { base_model_name: usual } = defaults;
  const used = typeof usual === "string" ? usual : "the server's own";
  const other = `There is no model ${JSON.stringify(wanted.slice(0, 100))} here: ${used} was used. /v1/models lists what there is.`;
  const isOther = wanted !== "" && model === undefined;
  return { model, performance, format: kept, warnings: [...(isOther ? [other] : []), ...warnings] };
}

const keptPictures = (
  { images: [first, ...others], mask }: EditPictures,
  { kept }: Addresses,
): EditPictures => ({
  images: [kept(first), ...others.map(kept)],
  ...(mask === undefined ? {} : { mask: kept(mask) }),
});

/** Whether the files are not there with which further pictures guide. */
const lacksGuide = (thrown: unknown): thrown is RequestError =>
  thrown instanceof RequestError &&
  thrown.code === "missing-model" &&
  String(thrown.details["field"]).startsWith("controlnet_image");

/** A refusal in this door's names of fields. */
function renamed(thrown: unknown): unknown {
  if (!(thrown instanceof RequestError)) return thrown;
  const { field } = thrown.details;
  const details =
    typeof field === "string" ? { ...thrown.details, field: inTheseWords(field) } : thrown.details;
  return new RequestError(thrown.code, inTheseWords(thrown.message), details, thrown);
}
