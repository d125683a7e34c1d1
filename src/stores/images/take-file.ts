import { constants, statSync } from "node:fs";
import { copyFile, link, mkdir, open, realpath, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import { hashFile } from "#/lib/hash-file.ts";
import { writeFailure } from "#/lib/no-room.ts";
import { codeOf, drafts, publish, syncFolder, withoutLinks } from "./write-file.ts";

/** Where a file of others is among ours. */
export type TakenFile = Readonly<{ name: string; isNew: boolean }>;

/**
 * Puts a file of another program among ours and leaves it where it is: as a second name of the same file where the disk allows
 * that, which takes no room, else as a copy. Nothing of ours is replaced: where another file has the name already, a number
 * is put behind it. The file is on the disk when this returns.
 *
 * @param root   the folder of outputs, or of inputs
 * @param folder below it; empty for none
 * @throws EngineError `disk-full`, or `storage-failed`
 */
export async function takeFile(from: string, root: string, folder: string, name: string): Promise<TakenFile> {
  try {
    // A link to a link would be another link.
    const real = await realpath(from);
    await mkdir(join(root, folder), { recursive: true });
    for (let attempt = 1; ; attempt += 1) {
      const wanted = attempt === 1 ? name : withNumber(name, attempt);
      const path = join(root, folder, wanted);
      if (await isSame(real, path)) return { name: wanted, isNew: false };
      if (!(await put(real, path, root))) continue;
      await syncFolder(join(root, folder));
      return { name: wanted, isNew: true };
    }
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(
      writeFailure(cause),
      `${from} could not be taken into ${root}: ${words}.`,
      { from },
      cause,
    );
  }
}

const withNumber = (name: string, number: number): string => {
  const end = extname(name);
  return `${name.slice(0, name.length - end.length)}-${number}${end}`;
};

/** Whether what has a name is this very file, or one with the same bytes. */
async function isSame(from: string, path: string): Promise<boolean> {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return false;
  const own = statSync(from);
  if (own.dev === there.dev && own.ino === there.ino) return true;
  return there.isFile() && own.size === there.size && (await hashFile(from)) === (await hashFile(path));
}

/** @returns whether the name was free */
async function put(from: string, path: string, root: string): Promise<boolean> {
  try {
    await link(from, path);
    return true;
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false;
    if (!withoutLinks.includes(codeOf(cause))) throw cause;
  }
  const draft = join(root, drafts, `${crypto.randomUUID()}.tmp`);
  await mkdir(join(root, drafts), { recursive: true });
  try {
    await copyFile(from, draft, constants.COPYFILE_FICLONE);
    const file = await open(draft, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    return await publish(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
