import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { constants, copyFile, link, mkdir, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import { writeFailure } from "#/lib/no-room.ts";

/** Folder of files that are being written, beside those that are; on the same disk, so that a link will do. */
export const drafts = ".drafts";

/**
 * Writes a file whole or not at all, and never over another one; it is on the disk when this returns.
 *
 * @param folder below the root; empty for none
 * @returns whether the name was free
 * @throws EngineError `disk-full`, or `storage-failed`
 */
export async function writeFile(
  root: string,
  folder: string,
  name: string,
  bytes: Uint8Array,
): Promise<boolean> {
  const path = join(root, folder, name);
  const draft = join(root, drafts, `${crypto.randomUUID()}.tmp`);
  try {
    await mkdir(join(root, folder), { recursive: true });
    await mkdir(join(root, drafts), { recursive: true });
    const file = await open(draft, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    const free = await publish(draft, path);
    if (free) await syncFolder(join(root, folder));
    return free;
  } catch (cause) {
    failed(path, "written", cause);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

/** @throws EngineError `disk-full` or `storage-failed`, always */
export function failed(path: string, done: "written" | "deleted", cause: unknown): never {
  const words = cause instanceof Error ? cause.message : String(cause);
  throw new EngineError(writeFailure(cause), `${path} could not be ${done}: ${words}.`, { path }, cause);
}

/**
 * A link takes a free name in one step and refuses a taken one; where there are no links, an exclusive copy does.
 *
 * @returns whether the name was free
 */
export async function publish(draft: string, path: string): Promise<boolean> {
  const publishers = [() => link(draft, path), () => copyFile(draft, path, constants.COPYFILE_EXCL)];
  for (const put of publishers) {
    try {
      await put();
      return true;
    } catch (cause) {
      if (codeOf(cause) === "EEXIST") return false;
      if (put === publishers.at(-1) || !withoutLinks.includes(codeOf(cause))) throw cause;
    }
  }
  return false;
}

/** What file systems without hard links answer. */
export const withoutLinks: readonly string[] = [
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EXDEV",
  "EMLINK",
];

/** A name is on the disk only when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The system's code of an error; empty where it has none. */
export const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";

/**
 * Deletes what a crash left of files that were being written.
 *
 * @param age milliseconds after which a draft is nobody's any more
 */
export function removeStaleDrafts(root: string, age: number): void {
  const folder = join(root, drafts);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const { mtimeMs = Date.now() } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > age) rmSync(join(folder, name), { force: true });
  }
}
