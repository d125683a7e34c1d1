import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw } from "node:zlib";
import { bodyBytes, bodyOf } from "./body-limit.ts";

/** A body that cannot be unpacked, with the status that says why (RFC 9110, sections 8.4 and 15.5.16). */
export class PackedBody extends Error {
  readonly status: 400 | 413 | 415;

  constructor(status: 400 | 413 | 415, message: string) {
    super(message);
    this.status = status;
  }
}

type Unpack = (bytes: Uint8Array, most: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Some programs say deflate and send it without its frame. */
const unpackDeflate: Unpack = async (bytes, most) => {
  const framed = ((bytes[0] ?? 0) & 15) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;
  return await promisify(framed ? inflate : inflateRaw)(bytes, { maxOutputLength: most });
};
const unpackGzip: Unpack = async (bytes, most) => await promisify(gunzip)(bytes, { maxOutputLength: most });
const codings: Readonly<Record<string, Unpack>> = {
  gzip: unpackGzip,
  "x-gzip": unpackGzip,
  deflate: unpackDeflate,
  br: async (bytes, most) => await promisify(brotliDecompress)(bytes, { maxOutputLength: most }),
};

/** What a request's body may be packed with, for the answer that refuses another. */
export const knownCodings = "gzip, deflate, br";

/** Whether a body says that it is packed: a small one may then be a large one. */
export const isPacked = (request: Request): boolean => codingOf(request) !== undefined;

/**
 * A request's body without its Content-Encoding. Never longer than a body may be: unpacking ends there.
 *
 * @param bytes as they came
 * @throws PackedBody 415 for another coding than ours or several at once, 413 beyond the limit, 400 for what is no such thing
 */
async function unpacked(
  request: Request,
  bytes: Uint8Array<ArrayBuffer>,
  most = bodyBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const coding = codingOf(request);
  if (coding === undefined || bytes.length === 0) return bytes;
  const unpack = Object.hasOwn(codings, coding) ? codings[coding] : undefined;
  if (unpack === undefined) {
    const said = JSON.stringify(coding.slice(0, 100));
    throw new PackedBody(415, `Bodies are not taken with the content encoding ${said}; ${knownCodings} are.`);
  }
  try {
    return await unpack(bytes, most);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ERR_BUFFER_TOO_LARGE")
      throw new PackedBody(
        413,
        `The body has more than ${most} bytes when it is unpacked, which is the limit.`,
      );
    throw new PackedBody(
      400,
      `The body is not what its content encoding says (${coding}), or was cut short.`,
    );
  }
}

function codingOf({ headers }: Request): string | undefined {
  const said = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  return said === "" || said === "identity" ? undefined : said;
}

/**
 * A request's body as it was before it was packed.
 *
 * @throws PackedBody; OversizedBody
 */
export const plainBodyOf = async (request: Request): Promise<Uint8Array<ArrayBuffer>> =>
  await unpacked(request, await bodyOf(request));
