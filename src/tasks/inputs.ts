import type { GenerateParams } from "#/api/generate.ts";
import { imageFields, isImage } from "#/api/stored.ts";
import { decodeImage } from "#/image/decode.ts";
import { encodeImage } from "#/image/encode.ts";
import { RequestError } from "#/lib/errors.ts";
import type { ImageStore } from "#/stores/images.ts";
import { ownFileOf } from "./base-url.ts";
import { type FetchLimits, safeFetch } from "./safe-fetch.ts";

export type InputOptions = Readonly<{
  images: ImageStore;
  /** Start of the addresses we give out. */
  baseUrl: string;
  /** Other starts by which clients know this server: a URL of ours is read from disk. */
  otherBases: readonly string[];
  limits: FetchLimits;
}>;

/**
 * Takes in the images of a request: each is read, decoded, kept as PNG under its hash, and replaced by its address.
 *
 * @throws RequestError `bad-image`, `too-large` or `unreachable-url`, naming the field
 */
export async function takeInputs(params: GenerateParams, options: InputOptions): Promise<GenerateParams> {
  const taken: Partial<Record<(typeof imageFields)[number], string>> = {};
  for (const field of imageFields) {
    const value = params[field];
    if (isImage(value)) taken[field] = await takeImage(value, field, options);
  }
  const slots = [];
  for (const [index, slot] of params.controlnet_image.entries()) {
    const field = `controlnet_image.${index}.cn_img`;
    const cn_img = isImage(slot.cn_img) ? await takeImage(slot.cn_img, field, options) : null;
    slots.push({ ...slot, cn_img });
  }
  return { ...params, ...taken, controlnet_image: slots };
}

/**
 * One image: base64, data URI, URL, or an address of our own. Kept under the hash of its content.
 *
 * @returns the address it has from now on
 */
export async function takeImage(value: string, field: string, options: InputOptions): Promise<string> {
  const bytes = await imageBytes(value, field, options);
  const png = await encodeImage(await decodeImage(bytes, field), "png");
  return `${options.baseUrl}/inputs/${await options.images.putInput(png)}`;
}

/**
 * The bytes of an image as a client may give it, not decoded yet.
 *
 * @throws RequestError naming the field
 */
export async function imageBytes(value: string, field: string, options: InputOptions): Promise<Uint8Array> {
  const { limits } = options;
  if (value.startsWith("http"))
    return (await ownBytes(value, options)) ?? (await fetched(value, field, limits));
  const base64 = value.startsWith("data:image") ? value.slice(value.indexOf(",") + 1) : value;
  if (base64.length > (limits.maxBytes * 4) / 3) {
    const message = `The image in ${field} is larger than ${limits.maxBytes} bytes.`;
    throw new RequestError("too-large", message, { field });
  }
  return Buffer.from(base64, "base64");
}

async function ownBytes(
  url: string,
  { images, baseUrl, otherBases }: InputOptions,
): Promise<Uint8Array | undefined> {
  const own = ownFileOf(url, [baseUrl, ...otherBases]);
  if (own === undefined) return undefined;
  const path = own.kind === "input" ? images.input(own.name) : images.output(own.folder, own.name);
  return path === undefined ? undefined : await Bun.file(path).bytes();
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
