import { jsonReply } from "./replies.ts";

/** Largest body, and message of the live channel, which may hold one: pictures in base64. */
export const bodyBytes = 128 * 1024 ** 2;

/**
 * Where Bun itself breaks a connection off, with a bare 413 that many clients never get to read. Above our own limit,
 * so that up to here the answer is a sentence; low enough for a body that does not say its length.
 */
export const hardLimit = 4 * bodyBytes;

/** @returns the refusal of a body that is too large by its own account, or undefined */
export function oversized(request: Request): Response | undefined {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (length <= bodyBytes) return undefined;
  const way = "send large pictures by their URL";
  return jsonReply({ detail: `The body has ${length} bytes; ${bodyBytes} is the limit: ${way}.` }, 413);
}
