import { isObject } from "./values.ts";

/** A picture drawn so far. */
export type PreviewFrame = Readonly<{ taskId: string; mime: string; image: Uint8Array<ArrayBuffer> }>;

/**
 * Takes a binary frame apart: version 1, kind 1, two zero bytes, the header's length (little-endian), the header in
 * JSON, then the picture.
 *
 * @returns undefined for any other version or kind
 */
export function parsePreview(frame: ArrayBuffer): PreviewFrame | undefined {
  if (frame.byteLength < 8) return undefined;
  const view = new DataView(frame);
  const length = view.getUint32(4, true);
  if (view.getUint8(0) !== 1 || view.getUint8(1) !== 1 || 8 + length > frame.byteLength) return undefined;
  const header = parseMessageBody(new TextDecoder().decode(new Uint8Array(frame, 8, length)));
  const taskId = header?.["task_id"];
  const mime = header?.["mime"];
  if (typeof taskId !== "string" || typeof mime !== "string" || !mime.startsWith("image/")) return undefined;
  return { taskId, mime, image: new Uint8Array(frame, 8 + length) };
}

function parseMessageBody(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
