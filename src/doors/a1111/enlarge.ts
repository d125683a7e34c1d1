import type { GenerateRequest } from "#/api/generate.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { pictureLimits } from "#/image/claims.ts";
import { decodeImage, withPicture } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { fitPicture } from "#/image/fit-picture.ts";
import { flatten } from "#/image/flatten.ts";
import { sizeNumber } from "#/image/operations/size-number.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";
import type { ExtrasWords } from "./api/extras.ts";
import { type MakingParts, made } from "./made.ts";
import { inA1111Words } from "./reading/field-names.ts";
import { type PictureParts, pictureIn } from "./reading/picture-in.ts";
import type { Size } from "./reading/size.ts";
import { isSaid } from "./reading/unused.ts";
import { upscalerCalled } from "./upscalers.ts";

/** What pictures are enlarged with. */
export type EnlargingParts = MakingParts & PictureParts & Readonly<{ catalog: Pick<Catalog, "names"> }>;

/** What is said beside a picture. */
type Asked = Readonly<{ words: Omit<ExtrasWords, "imageList">; field: string; request: Request }>;

/** An enlarged picture, and what is told of it. */
type Enlarged = Readonly<{ png: Uint8Array; told: readonly string[] }>;

/** By how much a network's picture may be larger. */
const most = 5;

/**
 * A picture enlarged by a network (a task of its own) or by Lanczos, then brought to the very size.
 *
 * @throws RequestError naming the field, for an upscaler that is not here and for sizes that cannot be
 */
export async function enlarged(value: string, asked: Asked, parts: EnlargingParts): Promise<Enlarged> {
  const { words, field } = asked;
  const bytes = await pictureIn(value, field, parts);
  const { picture, isClear, frames } = await sent(bytes, field, parts.decoding);
  const upscaler = upscalerCalled(words.upscaler_1, parts.catalog);
  const told = [...(isClear ? [`What is transparent in ${field} became white.`] : []), ...unused(words)];
  // A task of its own says so itself.
  if (frames > 1 && upscaler.by !== "network")
    told.push(`Of the ${frames} pictures in ${field} the first one is used.`);
  switch (upscaler.by) {
    case "None":
      // As in A1111, where nothing enlarges nothing is enlarged.
      return { png: await fitPicture(picture, picture, "stretch"), told };
    case "unknown": {
      const said = (words.upscaler_1 ?? "").slice(0, 100);
      const message = `There is no upscaler called ${JSON.stringify(said)} here${upscaler.similar}; GET /sdapi/v1/upscalers lists them.`;
      throw new RequestError("unknown-model", message, { field: "upscaler_1", value: said });
    }
    case "Lanczos":
      return { png: await brought(picture, picture, words), told };
    case "network": {
      const factor = Math.max(1, factorOf(picture, words));
      if (factor > most) {
        const message = `The picture would be ${factor.toFixed(2)} times as large; ${most} is the most.`;
        throw new RequestError("invalid-value", message, { field: fieldOfSize(words) });
      }
      const run = await made(
        requestOf(bytes, picture, factor, upscaler.file),
        { ...asked, word: "extras", warnings: [] },
        parts,
      );
      const file = run.pictures[0]?.bytes;
      if (file === undefined)
        throw new RequestError("conflict", "Interrupted before the picture was enlarged.");
      const larger = await decodeImage(file, field, parts.decoding);
      const warnings = run.task.warnings.map(inA1111Words);
      return { png: await brought(larger, picture, words), told: [...told, ...warnings] };
    }
  }
}

/** A picture as RGB, over white, and what of its file that leaves out. */
const sent = (bytes: Uint8Array, field: string, gate = new DecodeGate()) =>
  withPicture(bytes, field, gate, async (picture) => ({
    picture: await flatten(picture, "white"),
    isClear: picture.channels === 4,
    frames: picture.frames,
  }));

const requestOf = (bytes: Uint8Array, picture: Size, factor: number, file: string): GenerateRequest => ({
  uov_input_image: Buffer.from(bytes).toString("base64"),
  uov_method: "Upscale (Custom)",
  upscale_multiple: factor,
  upscale_alone: true,
  upscaler_name: file,
  size_number: Math.min(8192, sizeNumber(picture)),
  style_selections: [],
  loras: [],
  preset: "initial",
  image_number: 1,
  output_format: "png",
});

const fieldOfSize = ({ resize_mode: mode }: Asked["words"]): string =>
  mode === 1 ? "upscaling_resize_w" : "upscaling_resize";

/** By how much a picture becomes larger, before anything is cut off. */
function factorOf({ width, height }: Size, words: Asked["words"]): number {
  if (words.resize_mode === 0) return words.upscaling_resize;
  return Math.max(words.upscaling_resize_w / width, words.upscaling_resize_h / height);
}

/** A picture at the size that was asked for of the one that was sent. */
async function brought(made: Pixmap, sent: Size, words: Asked["words"]): Promise<Uint8Array> {
  const factor = factorOf(sent, words);
  const whole = {
    width: Math.max(1, Math.trunc(sent.width * factor)),
    height: Math.max(1, Math.trunc(sent.height * factor)),
  };
  const isCut = words.resize_mode === 1 && words.upscaling_crop;
  const size = isCut ? { width: words.upscaling_resize_w, height: words.upscaling_resize_h } : whole;
  if (size.width * size.height > pictureLimits.pixels) {
    const message = `The picture would have ${size.width}×${size.height} pixels; ${pictureLimits.pixels} in all are the limit.`;
    throw new RequestError("too-large", message, { field: fieldOfSize(words) });
  }
  return await fitPicture(made, size, isCut ? "cut" : "stretch");
}

function unused(words: Asked["words"]): readonly string[] {
  const told = [
    [words.gfpgan_visibility > 0, "gfpgan_visibility"],
    [words.codeformer_visibility > 0, "codeformer_visibility"],
    [isSaid(words.upscaler_2) && words.extras_upscaler_2_visibility > 0, "upscaler_2"],
  ] as const;
  return told.flatMap(([isTold, name]) => (isTold ? [`Not used: ${name}.`] : []));
}
