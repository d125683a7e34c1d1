import type { DecodeGate } from "#/image/decode-gate.ts";
import { RequestError } from "#/lib/errors.ts";
import { type FetchLimits, safeFetch } from "#/outgoing/safe-fetch.ts";
import type { ImageStore } from "#/stores/images.ts";
import { ownFileOf } from "./base-url.ts";
import { bytesOfBase64 } from "./base64.ts";

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

/** An image's bytes, not decoded yet; `name` is what it is called in the inputs folder, if it came from there. */
export type ImageSource = Readonly<{ bytes: Uint8Array; name?: string }>;

/** What a kept picture is called: the hash of its content. */
const inputName = /^([0-9a-f]{64})(?:\.png)?$/i;

/** The same at the end of an address, of whichever server: the hash says that it is the same picture. */
const inputAddress = /\/inputs\/([0-9a-f]{64}\.png)(?:[?#]|$)/i;

/**
 * An image as a client may give it: base64 in any of its spellings, a data URI, a URL; or one that this server has, by its
 * address or, of an input, by the hash alone.
 *
 * @throws RequestError naming the field, and why it cannot be read
 */
export async function imageSource(value: string, field: string, options: InputOptions): Promise<ImageSource> {
  const said = value.trim();
  const hash = inputName.exec(said)?.[1]?.toLowerCase();
  if (hash !== undefined) return await keptInput(`${hash}.png`, field, options);
  if (!/^http/i.test(said)) return { bytes: bytesOfBase64(said, field, options.limits.maxBytes) };
  return (await ownSource(said, field, options)) ?? { bytes: await fetched(said, field, options.limits) };
}

async function keptInput(name: string, field: string, { images }: InputOptions): Promise<ImageSource> {
  const path = await images.input(name);
  if (path !== undefined) return { bytes: await Bun.file(path).bytes(), name };
  const message = `${field} names the picture ${name}, which is not, or no longer, in the inputs folder. Send the picture itself.`;
  throw new RequestError("unreachable-url", message, { field, name });
}

async function ownSource(
  url: string,
  field: string,
  options: InputOptions,
): Promise<ImageSource | undefined> {
  const { images, baseUrl, otherBases } = options;
  const hashed = inputAddress.exec(url)?.[1]?.toLowerCase();
  if (hashed !== undefined && (await images.input(hashed)) !== undefined)
    return await keptInput(hashed, field, options);
  const own = ownFileOf(url, [baseUrl, ...otherBases]);
  if (own === undefined) return undefined;
  if (own.kind === "input") return await keptInput(own.name, field, options);
  const path = await images.output(own.folder, own.name);
  if (path !== undefined) return { bytes: await Bun.file(path).bytes() };
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
