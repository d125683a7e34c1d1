import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { diskOf, nearestFolder } from "#/lib/disk-of.ts";
import { EngineError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";
import { refuseForeign } from "../own-folder.ts";
import { takeAlone } from "./c-library.ts";
import { type CudaPlace, isSound } from "./folder.ts";
import { type CudaSet, nameOf, unpackedBytes, type Wheel } from "./set.ts";
import { recognise, unfinished, unpackWheel } from "./wheel.ts";

/** Left free beside the libraries: a disk that is full to its last byte stops more than us. */
const spare = 64 * 2 ** 20;

/** A place that libraries are added to, and which. */
export type AddingTo = CudaPlace & Readonly<{ set: CudaSet }>;

/**
 * Takes a folder for adding to it, for this process alone: two commands would write into the same files. What a process left half
 * written that was ended is taken away.
 *
 * @returns gives it back
 * @throws EngineError `bad-setting` while another process adds, `storage-failed` where it cannot be written, or is another user's
 */
export function openForAdding({ folder, isOwn }: CudaPlace): () => void {
  try {
    mkdirSync(folder, { recursive: true, mode: isOwn ? 0o700 : 0o755 });
    if (isOwn) {
      refuseForeign(dirname(folder), "parent");
      refuseForeign(folder, "folder");
    }
    const lock = openSync(join(folder, ".adding"), "w");
    if (!takeAlone(lock)) {
      closeSync(lock);
      const message = `Another command is adding to ${folder}; wait for it, or stop it.`;
      throw new EngineError("bad-setting", message, { folder });
    }
    for (const name of readdirSync(folder))
      if (name.endsWith(`.so${unfinished}`) || /\.so\.[\d.]+\.part$/.test(name)) rmSync(join(folder, name));
    return () => closeSync(lock);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${folder} cannot be written: ${reason}. --cuda-libraries names another folder.`;
    throw new EngineError("storage-failed", message, { folder }, cause);
  }
}

/**
 * Adds what a wheel has to a folder that was opened for it; see {@link unpackWheel}. A wheel whose libraries are all there is only
 * checked.
 *
 * @param path of the file; its name may be anything
 * @returns the wheel that it is, and whether something was written
 * @throws EngineError `bad-setting` for a file that is no wheel of the set, `storage-failed` without room; the signal's reason
 */
export async function addWheel(
  path: string,
  { folder, set, isOwn }: AddingTo,
  { told, signal }: Readonly<{ told?: (bytes: number, wheel: Wheel) => void; signal?: AbortSignal }> = {},
): Promise<Readonly<{ wheel: Wheel; written: boolean }>> {
  const wheel = await recognise(path, set);
  const written = !(await isSound(folder, wheel));
  if (written) {
    refuseWithoutRoom(folder, unpackedBytes([wheel]));
    const following = signal === undefined ? {} : { signal };
    await unpackWheel(path, wheel, folder, { ...following, told: (bytes) => told?.(bytes, wheel) });
    // What is for everybody must be readable by everybody.
    if (!isOwn) for (const library of wheel.libraries) chmodSync(join(folder, nameOf(library)), 0o644);
  }
  // An earlier command that was to fetch it may have left it here, whole or in part; elsewhere it may be somebody's own.
  if (isOwn) dropFetched(folder, wheel);
  return { wheel, written };
}

/** Takes away a wheel that was fetched into a folder, or the part that came. */
export function dropFetched(folder: string, { file }: Wheel): void {
  for (const left of [file, `${file}.part`, `${file}.part.json`]) rmSync(join(folder, left), { force: true });
}

/**
 * The most bytes that fetching wheels one after the other adds to a folder at once: libraries stay, each wheel goes when it is unpacked.
 * What is there of a wheel counts no more.
 */
export function bytesToFetch(folder: string, wheels: readonly Wheel[]): number {
  let most = 0;
  let unpacked = 0;
  for (const wheel of wheels) {
    unpacked += unpackedBytes([wheel]);
    most = Math.max(most, unpacked + wheel.bytes - thereOf(folder, wheel));
  }
  return most;
}

/** Bytes of a wheel, or of its part, that lie in a folder. */
const thereOf = (folder: string, { file }: Wheel): number =>
  Math.max(...[file, `${file}.part`].map((name) => sizeOf(join(folder, name))));

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Refuses what a disk has no room for, before anything of it is fetched or written.
 *
 * @throws EngineError `storage-failed` with both numbers
 */
export function refuseWithoutRoom(folder: string, bytes: number): void {
  const free = diskOf(nearestFolder(folder))?.free;
  if (free === undefined || bytes + spare <= free) return;
  const message = `There is no room in ${folder}: ${inUnits(bytes)} are to come, and ${inUnits(free)} are free. Make room, or name another folder with --cuda-libraries.`;
  throw new EngineError("storage-failed", message, { folder });
}
