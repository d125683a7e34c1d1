import { writeJson } from "#/api/json.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import { convertImage, type ImageFormat } from "#/image/encode.ts";

/** JSON that keeps every digit of a seed. */
export const jsonReply = (value: unknown, status = 200): Response => jsonText(writeJson(value), status);

/** An answer that is JSON already. */
export const jsonText = (json: string, status = 200): Response =>
  new Response(json, { status, headers: { "content-type": "application/json" } });

/** The same in UTF-8. */
export const jsonBytes = (json: Uint8Array<ArrayBuffer>): Response =>
  new Response(json, { headers: { "content-type": "application/json" } });

/** A kept picture, encoded anew. */
export async function convertedReply(
  path: string,
  format: ImageFormat,
  decoding?: DecodeGate,
): Promise<Response> {
  const bytes = await convertImage(await Bun.file(path).bytes(), format, decoding);
  return new Response(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
    headers: { "content-type": `image/${format}` },
  });
}

/** No page of another site may show a page of ours in a frame: what is clicked there would be clicked here. */
export const pageHeaders = {
  "content-security-policy": "frame-ancestors 'self'",
  "x-frame-options": "SAMEORIGIN",
  "x-content-type-options": "nosniff",
} as const;

/**
 * A page for people.
 *
 * @param contentType a file that a page loads is answered alike
 */
export const pageReply = (contentType: string, body: string): Response =>
  new Response(body, { headers: { "content-type": contentType, ...pageHeaders } });
