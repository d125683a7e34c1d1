import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";

/** Left free beside a download: a disk that is full to its last byte stops more than us. */
const spare = 64 * 1024 ** 2;

/**
 * Refuses a file that its disk has no room for, before anything of it is fetched.
 *
 * @param bytes that are still to come
 * @throws EngineError `storage-failed`
 */
export function refuseWithoutRoom(path: string, bytes: number): void {
  const folder = dirname(path);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (bytes + spare <= free) return;
  const message = `There is no room for ${path}: ${inUnits(bytes)} are to come, and ${inUnits(free)} are free in ${folder}. Make room, or name another folder with --models.`;
  throw new EngineError("storage-failed", message, { path });
}
