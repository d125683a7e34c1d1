import type { GenerateRequest } from "#/api/generate.ts";
import { imageFields } from "#/api/stored.ts";
import { decodeImage } from "#/image/decode.ts";
import { encodeImage } from "#/image/encode.ts";
import { RequestError } from "#/lib/errors.ts";
import { isImage } from "#/recipe/not-yet.ts";
import type { ImageStore } from "#/stores/images.ts";
import { type FetchLimits, safeFetch } from "./safe-fetch.ts";

export type InputOptions = Readonly<{
  images: ImageStore;
  /** Where this server's own files are addressed: such a URL is read from disk. */
  baseUrl: string;
  limits: FetchLimits;
}>;

/**
 * Takes in the images of a request: each is fetched or decoded, kept as PNG under its hash, and replaced by its address.
 *
 * @throws RequestError `bad-image`, `too-large` or `unreachable-url`, naming the field
 */
export async function takeInputs(request: GenerateRequest, options: InputOptions): Promise<GenerateRequest> {
  const taken: Record<string, unknown> = {};
  for (const field of imageFields) {
    const value = request[field];
    if (typeof value === "string")
      taken[field] = isImage(value) ? await takeImage(value, field, options) : "None";
  }
  if (request.controlnet_image !== undefined) {
    const slots = [];
    for (const [index, slot] of request.controlnet_image.entries()) {
      const field = `controlnet_image.${index}.cn_img`;
      slots.push({
        ...slot,
        cn_img: isImage(slot.cn_img) ? await takeImage(slot.cn_img, field, options) : null,
      });
    }
    taken.controlnet_image = slots;
  }
  return { ...request, ...taken };
}

async function takeImage(value: string, field: string, options: InputOptions): Promise<string> {
  const bytes = await bytesOf(value, field, options);
  const png = await encodeImage(await decodeImage(bytes, field), "png");
  return `${options.baseUrl}/inputs/${await options.images.putInput(png)}`;
}

async function bytesOf(value: string, field: string, { limits }: InputOptions): Promise<Uint8Array> {
  if (value.startsWith("http")) {
    try {
      const { status, body } = await safeFetch({ url: value, method: "GET" }, limits);
      if (status === 200) return body;
      throw new RequestError("unreachable-url", `The URL in ${field} answered with status ${status}.`, {
        field,
      });
    } catch (thrown) {
      if (!(thrown instanceof RequestError)) throw thrown;
      throw new RequestError(thrown.code, thrown.message, { ...thrown.details, field }, thrown);
    }
  }
  const base64 = value.startsWith("data:image") ? value.slice(value.indexOf(",") + 1) : value;
  if (base64.length > (limits.maxBytes * 4) / 3) {
    throw new RequestError("too-large", `The image in ${field} is larger than ${limits.maxBytes} bytes.`, {
      field,
    });
  }
  return Buffer.from(base64, "base64");
}
