import type { GenerateParams } from "#/api/generate.ts";
import { imageFields, isImage } from "#/api/stored.ts";
import { withPicture } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeSent } from "#/image/encode.ts";
import { checkAspect } from "./check-aspect.ts";
import { type InputOptions, imageSource } from "./image-source.ts";
import { isBlankMask } from "./is-blank-mask.ts";

/** A request whose pictures are named as they are kept, and what its client must be told of them. */
export type Taken = Readonly<{
  params: GenerateParams;
  /** The same without what turned out to mean nothing, once it was seen: this is what is made. */
  meant: GenerateParams;
  warnings: readonly string[];
}>;

/** A picture that was read: as it will be kept, or the name under which it is kept already. */
type Read = Readonly<{ png: Uint8Array } | { name: string }>;

/**
 * Takes in the images of a request: each is read, decoded, kept as PNG under its hash, and replaced by its address. What of
 * one is transparent is kept: whether it is a picture or a mask decides only later what it goes over. Nothing is kept before
 * all of them are read.
 *
 * @param options.require throws where there is no room for so many bytes
 * @throws RequestError `bad-image`, `too-large` or `unreachable-url`, naming the field
 */
export async function takeInputs(
  params: GenerateParams,
  options: InputOptions & Readonly<{ require?: (bytes: number) => void }>,
): Promise<Taken> {
  const found = new Map<string, Read>();
  const warnings: string[] = [];
  const blank = new Set<string>();
  const { decoding = new DecodeGate() } = options;
  const read = async (value: string | null, field: string): Promise<void> => {
    if (!isImage(value)) return;
    const { bytes, name } = await imageSource(value, field, options);
    found.set(
      field,
      await withPicture(bytes, field, decoding, async (picture) => {
        checkAspect(params, field, picture);
        if (await isBlankMask(params, field, picture)) {
          warnings.push(blankMask(params));
          blank.add(field);
        }
        if (picture.frames > 1) warnings.push(firstOf(field, picture.frames));
        // What is kept already keeps its name, whichever encoder wrote it.
        return name === undefined ? { png: await encodeSent(picture) } : { name };
      }),
    );
  };
  for (const field of imageFields) await read(params[field], field);
  for (const [index, { cn_img }] of params.controlnet_image.entries()) await read(cn_img, slotField(index));

  options.require?.([...found.values()].reduce((sum, one) => sum + ("png" in one ? one.png.length : 0), 0));
  const keep = async (field: string): Promise<string | undefined> => {
    const one = found.get(field);
    if (one === undefined) return undefined;
    const name = "name" in one ? one.name : await options.images.putInput(one.png);
    return `${options.baseUrl}/inputs/${name}`;
  };
  const taken: Partial<Record<(typeof imageFields)[number], string>> = {};
  for (const field of imageFields) {
    const address = await keep(field);
    if (address !== undefined) taken[field] = address;
  }
  const slots = [];
  for (const [index, slot] of params.controlnet_image.entries())
    slots.push({ ...slot, cn_img: (await keep(slotField(index))) ?? null });
  const kept = { ...params, ...taken, controlnet_image: slots };
  const meant = blank.size === 0 ? kept : { ...kept, inpaint_mask_image_upload: null };
  return { params: kept, meant, warnings };
}

/** Whether a request brings pictures. */
export const hasPictures = (params: GenerateParams): boolean =>
  imageFields.some((field) => isImage(params[field])) ||
  params.controlnet_image.some(({ cn_img }) => isImage(cn_img));

const slotField = (index: number): string => `controlnet_image.${index}.cn_img`;

const blankMask = ({ invert_mask_checkbox: turned }: GenerateParams): string =>
  `inpaint_input_image took no part: nothing of inpaint_mask_image_upload is ${turned ? "black, and it is turned round by invert_mask_checkbox" : "white (above 127)"}. Paint the place that shall be made anew, or name sides in outpaint_selections.`;

const firstOf = (field: string, frames: number): string =>
  `The file in ${field} holds ${frames} pictures, as animations and scans do; the first one is used.`;
