import { dataUri } from "#/lib/data-uri.ts";

/** A file of a form as JSON has pictures, a data URI; nothing for what a browser sends for a field that was left empty. */
export async function fileValue(file: File): Promise<string | undefined> {
  if (file.size === 0 && !file.name) return undefined;
  return dataUri("image", await file.bytes());
}
