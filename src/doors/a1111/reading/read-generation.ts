import { seedEnd } from "#/api/fields.ts";
import type { GenerateRequest } from "#/api/generate.ts";
import type { Json } from "#/api/json.ts";
import { unknownKeysWarning } from "#/api/unknown-keys.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { sizeNumber } from "#/image/operations/size-number.ts";
import { RequestError } from "#/lib/errors.ts";
import {
  type GenerationWords,
  ImageToImage,
  type ImageToImageWords,
  TextToImage,
  type TextToImageWords,
} from "../api/bodies.ts";
import { readWords } from "../api/words.ts";
import { type Chosen, type Options } from "../options.ts";
import { commonRequest } from "./common-request.ts";
import { readHires } from "./hires.ts";
import { readInitial } from "./initial-picture.ts";
import { readLoras } from "./loras.ts";
import { fromNoise, type Method, readMethod } from "./methods.ts";
import { modelCalled } from "./model-names.ts";
import type { PictureParts } from "./picture-in.ts";
import { readPrompt } from "./prompt.ts";
import { unitsOf } from "./scripts.ts";
import { stem } from "./stem.ts";
import { objectIn } from "./typed.ts";
import { readUnits } from "./units.ts";
import { isSaid, unusedWords } from "./unused.ts";

/** A request of A1111 as one of ours, and what its answer tells of it. */
export type ReadGeneration = Readonly<{
  request: GenerateRequest;
  words: GenerationWords;
  method: Method;
  chosen: Chosen;
  seed: bigint;
  /** What the answer says of its drawing over, where there is some. */
  denoising: number | null;
  warnings: readonly string[];
}>;

/** What requests are read with. */
export type ReadingParts = PictureParts &
  Readonly<{
    catalog: Pick<Catalog, "names">;
    options: Options;
    /** 0 up to 1. */
    random: () => number;
  }>;

/** Pictures that one request may ask for. */
const mostPictures = 32;

/** Seeds that are drawn are below this, as there. */
const drawnBelow = 2 ** 32 - 2;

/** @throws InvalidRequest, RequestError */
export async function readTextToImage(body: Json, parts: ReadingParts): Promise<ReadGeneration> {
  const words = readWords(TextToImage, body) as TextToImageWords;
  const common = readCommon(words, parts, fromNoise);
  const hires = readHires(words, parts.catalog);
  const units = readUnits(unitsOf(words), undefined);
  return {
    ...common,
    denoising: words.enable_hr ? words.denoising_strength : null,
    request: { ...common.request, ...hires.request, ...units.request, size_number: sizeNumber(words) },
    warnings: [
      ...unknown(unknownKeysWarning(TextToImage, body)),
      ...common.warnings,
      ...hires.warnings,
      ...units.warnings,
    ],
  };
}

/** @throws InvalidRequest, RequestError */
export async function readImageToImage(body: Json, parts: ReadingParts): Promise<ReadGeneration> {
  const words = readWords(ImageToImage, body) as ImageToImageWords;
  const common = readCommon(words, parts, (method) => method);
  const given = unitsOf(words);
  const initial = await readInitial(words, parts);
  const units = readUnits(given, initial.picture);
  const guided = units.request.controlnet_image !== undefined;
  return {
    ...common,
    denoising: words.denoising_strength,
    request: {
      ...common.request,
      ...initial.request,
      ...units.request,
      mixing_image_prompt_and_vary_upscale: guided,
      mixing_image_prompt_and_inpaint: guided,
      size_number: sizeNumber(words),
    },
    warnings: [
      ...unknown(unknownKeysWarning(ImageToImage, body)),
      ...common.warnings,
      ...initial.warnings,
      ...units.warnings,
    ],
  };
}

const unknown = (told: string | undefined): readonly string[] => (told === undefined ? [] : [told]);

function readCommon(words: GenerationWords, parts: ReadingParts, begun: (method: Method) => Method) {
  const { catalog, options, random } = parts;
  if (words.batch_size * words.n_iter > mostPictures) {
    const message = `batch_size ${words.batch_size} times n_iter ${words.n_iter} are more than the ${mostPictures} pictures that one request may ask for.`;
    throw new RequestError("invalid-value", message, { field: "n_iter", value: words.n_iter });
  }
  if (words.seed >= seedEnd || words.seed < -1n) {
    const message = `seed is to be from 0 to ${seedEnd - 1n}, or -1 for one that is drawn.`;
    throw new RequestError("invalid-value", message, { field: "seed" });
  }
  const method = begun(
    readMethod(isSaid(words.sampler_name) ? words.sampler_name : words.sampler_index, words.scheduler),
  );
  const { chosen, warnings } = options.chosenFor(objectIn(words.override_settings, "override_settings"));
  const embeddings = catalog.names("embeddings").map(stem);
  const prompt = readPrompt(words.prompt, "prompt", embeddings);
  const negative = readPrompt(words.negative_prompt, "negative_prompt", embeddings);
  const tags = words.disable_extra_networks ? [] : prompt.tags;
  const { loras, warnings: ofLoras } = readLoras(tags, catalog.names("loras"));
  const refiner =
    isSaid(words.refiner_checkpoint) && !/^none$/i.test(words.refiner_checkpoint)
      ? modelCalled(words.refiner_checkpoint, catalog.names("checkpoints"), {
          field: "refiner_checkpoint",
          what: "checkpoint",
        })
      : undefined;
  const isDrawn = words.seed < 0n;
  const seed = isDrawn ? BigInt(Math.floor(random() * drawnBelow)) : words.seed;
  return {
    words,
    method,
    chosen,
    seed,
    request: commonRequest({
      words,
      chosen,
      method,
      prompt: prompt.text,
      negative: negative.text,
      loras,
      refiner,
      seed,
    }),
    warnings: [
      ...warnings,
      ...method.warnings,
      ...prompt.warnings,
      ...ofLoras,
      ...negative.warnings,
      ...negative.tags.map(
        ({ said }) => `negative_prompt: ${said} was left out; only the prompt names LoRAs.`,
      ),
      ...unusedWords(words, method.sampler),
    ],
  };
}
