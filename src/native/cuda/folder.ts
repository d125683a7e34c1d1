import { type Stats, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { hashFile } from "#/lib/hash-file.ts";
import { cacheFolder } from "../cache.ts";
import { providers } from "./link-providers.ts";
import { type CudaLibrary, type CudaSet, cudaSet, nameOf, type Wheel } from "./set.ts";

/** Where CUDA's libraries lie. */
export type CudaPlace = Readonly<{
  folder: string;
  /** Whether we chose it, below the cache folder: then it must be the user's own. */
  isOwn: boolean;
}>;

/**
 * Where CUDA's libraries lie: each version of the set has a folder of its own below the cache folder.
 *
 * @param setting the setting `cuda_libraries`, which leads elsewhere unless it is empty. Its whole path is taken: of the folder `.` a
 *   library would be a name without a slash, which the linker looks for on the system alone.
 */
export const cudaPlace = (setting: string, set: CudaSet = cudaSet, cache = cacheFolder()): CudaPlace =>
  setting === ""
    ? { folder: join(cache, `cuda-${set.runtime}-${set.cuda}`), isOwn: true }
    : { folder: resolve(setting), isOwn: false };

/** What stands where a library would; nothing also where it cannot be looked at, see {@link whyUnreadable}. */
function found(folder: string, name: string): Stats | undefined {
  try {
    return statSync(join(folder, name), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Why it cannot be looked into a folder, which is there: it is a file, or another user's. */
export function whyUnreadable(folder: string): string | undefined {
  try {
    statSync(join(folder, providers[0]), { throwIfNoEntry: false });
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Whether a file has the size that a library of the set has; whether it is whole its hash says, which takes its time. */
const hasSize = (folder: string, library: CudaLibrary): boolean =>
  found(folder, nameOf(library))?.size === library.bytes;

/** The wheels of which something is missing in a folder, as far as sizes tell. */
export const missingWheels = (folder: string, set: CudaSet = cudaSet): readonly Wheel[] =>
  set.wheels.filter(({ libraries }) => libraries.some((library) => !hasSize(folder, library)));

/** The same, as hashes tell: about a second for the whole set once its files are in memory. */
export async function unsoundWheels(folder: string, set: CudaSet = cudaSet): Promise<readonly Wheel[]> {
  const unsound: Wheel[] = [];
  for (const wheel of set.wheels) if (!(await isSound(folder, wheel))) unsound.push(wheel);
  return unsound;
}

/** Whether all libraries of a wheel are there and whole. */
export async function isSound(folder: string, { libraries }: Wheel): Promise<boolean> {
  for (const library of libraries)
    if (!hasSize(folder, library) || (await hashFile(join(folder, nameOf(library)))) !== library.sha256)
      return false;
  return true;
}

/** Whether ONNX Runtime's provider is in a folder, of whichever make. */
export const hasProvider = (folder: string): boolean =>
  providers.every((name) => found(folder, name)?.isFile() === true);
