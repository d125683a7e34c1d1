import type { Checkpoint } from "#/weights/checkpoint.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { stampAt } from "#/weights/stamp.ts";

/** Finds what a checkpoint's file holds. @throws ModelError if it is none */
export type ReadCheckpoint = (path: string) => Checkpoint;

/** Reads it anew. */
export const readCheckpoint: ReadCheckpoint = (path) => sdxlCheckpoint(openWeights(path));

/** Checkpoints that are remembered; SDXL's is two megabytes, as names and places of some 2500 tensors. */
const mostCheckpoints = 4;

/**
 * Reads a checkpoint's header once, and again when its file has changed. The one not asked for longest is forgotten first; what is
 * refused is read again.
 *
 * @param read how one is read that is not known
 */
export function knownCheckpoints(
  read: ReadCheckpoint = readCheckpoint,
  most = mostCheckpoints,
): ReadCheckpoint {
  const known = new Map<string, Checkpoint>();
  return (path) => {
    const key = [path, stampAt(path)].join("\0");
    const checkpoint = known.get(key) ?? read(path);
    known.delete(key);
    known.set(key, checkpoint);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    return checkpoint;
  };
}
