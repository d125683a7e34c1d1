import { UndecodableBody } from "#/api/read.ts";
import { type Refusal, refused } from "./refusal.ts";

/** Largest body, and message of the live channel, which may hold one: pictures in base64. */
export const bodyBytes = 128 * 1024 ** 2;

/**
 * Where Bun itself breaks a connection off, with a bare 413 that many clients never get to read. Above our own limit,
 * so that up to here the answer is a sentence.
 */
export const hardLimit = 4 * bodyBytes;

/** Largest body that is read of somebody who has not said the key: enough to say what is wrong with its JSON. */
const strangersBytes = 64 * 1024;

const sentence = (bytes: string): string =>
  `The body has ${bytes} bytes; ${bodyBytes} is the limit: send large pictures by their URL.`;

/** A body that turned out to be too large while it was read. */
export class OversizedBody extends Error {
  constructor() {
    super(sentence(`more than ${bodyBytes}`));
  }
}

/** @returns the refusal of a body that is too large by its own account, or undefined */
export function oversized(request: Request): Refusal | undefined {
  const length = lengthOf(request) ?? 0;
  return length <= bodyBytes ? undefined : refused(413, sentence(String(length)));
}

/** Whether a body would cost something to read: it is large, or does not say its length. */
export const isCostly = (request: Request): boolean =>
  (lengthOf(request) ?? (request.headers.has("transfer-encoding") ? Number.POSITIVE_INFINITY : 0)) >
  strangersBytes;

/**
 * A request's body. One that does not say its length is counted while it comes, and what is beyond the limit is not kept.
 *
 * @throws OversizedBody; UndecodableBody where the client leaves before all of it has come
 */
export async function bodyOf(request: Request, most = bodyBytes): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await read(request, most);
  } catch (cause) {
    if (!request.signal.aborted || cause instanceof OversizedBody) throw cause;
    throw new UndecodableBody("The connection ended before the whole body had come.", { cause });
  }
}

async function read(request: Request, most: number): Promise<Uint8Array<ArrayBuffer>> {
  // The server holds a body to the length it says, which was looked at before.
  if (lengthOf(request) !== undefined || request.body === null) return await request.bytes();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > most) throw new OversizedBody();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function lengthOf({ headers }: Request): number | undefined {
  const said = headers.get("content-length");
  return said === null ? undefined : Number(said);
}
