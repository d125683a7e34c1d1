import type { GenerateParams } from "#/api/generate.ts";
import { imageFields, isImage } from "#/api/stored.ts";
import { withPixels } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import { RequestError } from "#/lib/errors.ts";
import { type FetchLimits, safeFetch } from "#/outgoing/safe-fetch.ts";
import type { ImageStore } from "#/stores/images.ts";
import { ownFileOf } from "./base-url.ts";

export type InputOptions = Readonly<{
  images: ImageStore;
  /** Start of the addresses we give out. */
  baseUrl: string;
  /** Other starts by which clients know this server: a URL of ours is read from disk. */
  otherBases: readonly string[];
  limits: FetchLimits;
  /** Where pictures wait to be decoded; the whole server's. */
  decoding?: DecodeGate;
}>;

/**
 * Takes in the images of a request: each is read, decoded, kept as PNG under its hash, and replaced by its address.
 * Nothing is kept before all of them are read.
 *
 * @throws RequestError `bad-image`, `too-large` or `unreachable-url`, naming the field
 */
export async function takeInputs(params: GenerateParams, options: InputOptions): Promise<GenerateParams> {
  const pngs = new Map<string, Uint8Array>();
  const { decoding = new DecodeGate() } = options;
  const read = async (value: string | null, field: string): Promise<void> => {
    if (!isImage(value)) return;
    const bytes = await imageBytes(value, field, options);
    pngs.set(field, await withPixels(bytes, field, decoding, (pixels) => encodeImage(pixels, "png")));
  };
  for (const field of imageFields) await read(params[field], field);
  for (const [index, { cn_img }] of params.controlnet_image.entries()) await read(cn_img, slotField(index));

  const keep = async (field: string): Promise<string | undefined> => {
    const png = pngs.get(field);
    return png === undefined ? undefined : `${options.baseUrl}/inputs/${await options.images.putInput(png)}`;
  };
  const taken: Partial<Record<(typeof imageFields)[number], string>> = {};
  for (const field of imageFields) {
    const address = await keep(field);
    if (address !== undefined) taken[field] = address;
  }
  const slots = [];
  for (const [index, slot] of params.controlnet_image.entries())
    slots.push({ ...slot, cn_img: (await keep(slotField(index))) ?? null });
  return { ...params, ...taken, controlnet_image: slots };
}

/** Whether a request brings pictures. */
export const hasPictures = (params: GenerateParams): boolean =>
  imageFields.some((field) => isImage(params[field])) ||
  params.controlnet_image.some(({ cn_img }) => isImage(cn_img));

const slotField = (index: number): string => `controlnet_image.${index}.cn_img`;

/**
 * The bytes of an image as a client may give it, not decoded yet.
 *
 * @throws RequestError naming the field
 */
export async function imageBytes(value: string, field: string, options: InputOptions): Promise<Uint8Array> {
  const { limits } = options;
  if (value.startsWith("http"))
    return (await ownBytes(value, field, options)) ?? (await fetched(value, field, limits));
  const base64 = value.startsWith("data:") ? value.slice(value.indexOf(",") + 1) : value;
  if (base64.length > (limits.maxBytes * 4) / 3) {
    const message = `The image in ${field} is larger than ${limits.maxBytes} bytes.`;
    throw new RequestError("too-large", message, { field });
  }
  return Buffer.from(base64, "base64");
}

async function ownBytes(
  url: string,
  field: string,
  { images, baseUrl, otherBases }: InputOptions,
): Promise<Uint8Array | undefined> {
  const own = ownFileOf(url, [baseUrl, ...otherBases]);
  if (own === undefined) return undefined;
  const path = own.kind === "input" ? images.input(own.name) : images.output(own.folder, own.name);
  if (path !== undefined) return await Bun.file(path).bytes();
  const message = `The URL in ${field} is this server's, and there is no such file.`;
  throw new RequestError("unreachable-url", message, { field });
}

async function fetched(url: string, field: string, limits: FetchLimits): Promise<Uint8Array> {
  try {
    const { status, body } = await safeFetch({ url, method: "GET" }, limits);
    if (status === 200) return body;
    const message = `The URL in ${field} answered with status ${status}.`;
    throw new RequestError("unreachable-url", message, { field });
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    throw new RequestError(thrown.code, thrown.message, { ...thrown.details, field }, thrown);
  }
}
