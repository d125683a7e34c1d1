import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFile } from "./images/write-file.ts";

/** Name of the file by which machines that share a folder find that it is the same one. */
export const markName = ".fleet";

/**
 * The mark of a folder, which is written where there is none.
 *
 * @throws EngineError `storage-failed`
 */
export async function markFolder(folder: string): Promise<string> {
  const there = await folderMark(folder);
  if (there !== undefined) return there;
  const mark = randomBytes(16).toString("hex");
  const isOurs = await writeFile(folder, "", markName, new TextEncoder().encode(`${mark}\n`));
  return isOurs ? mark : ((await folderMark(folder)) ?? mark);
}

/** The mark of a folder; nothing where there is none, or none can be read. */
export async function folderMark(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, markName), "utf8").catch(() => "");
  return /^[0-9a-f]{32}$/.exec(text.trim())?.[0];
}
