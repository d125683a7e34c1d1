import { writeJson } from "#/api/json.ts";
import { convertImage, formatNames } from "#/image/encode.ts";

/** JSON that keeps every digit of a seed. */
export const jsonReply = (value: unknown, status = 200): Response => jsonText(writeJson(value), status);

/** An answer that is JSON already. */
export const jsonText = (json: string, status = 200): Response =>
  new Response(json, { status, headers: { "content-type": "application/json" } });

/** Whether an Accept header (lower-case) asks for one kind of picture and nothing else. */
export const asksForImage = (accept: string): boolean => {
  const parts = accept.split("/");
  return accept === "image" || (parts.length === 2 && parts[0] === "image");
};

/** A kept picture, encoded anew as the second half of the Accept header names it; PNG for names that are no format. */
export async function convertedReply(path: string, accept: string): Promise<Response> {
  const format = formatNames[accept.split("/")[1] ?? ""] ?? "png";
  const bytes = await convertImage(await Bun.file(path).bytes(), format);
  return new Response(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
    headers: { "content-type": `image/${format}` },
  });
}
