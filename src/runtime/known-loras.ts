import type { Checkpoint } from "#/weights/checkpoint.ts";
import { configBeside } from "#/weights/lora/adapter-config.ts";
import type { Lora } from "#/weights/lora/lora.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { stampAt } from "#/weights/stamp.ts";

/** Finds what a LoRA's file holds for a checkpoint. @throws ModelError as {@link readLora} */
export type ReadLora = (path: string, checkpoint: Checkpoint) => Lora;

/** LoRAs that are remembered; one on all of SDXL's modules is about a megabyte, as names and places of some 2000 tensors. */
const mostLoras = 32;

/**
 * Reads a LoRA's header and matches it with a checkpoint once, and again when one of the two has changed, or the configuration
 * beside the LoRA. The one not asked for longest is forgotten first; what is refused is read again.
 *
 * @param read how one is read that is not known
 */
export function knownLoras(
  read: ReadLora = (path, checkpoint) => readLora(path, checkpoint, 0),
  most = mostLoras,
): ReadLora {
  const known = new Map<string, Lora>();
  return (path, checkpoint) => {
    const config = configBeside(path)?.path;
    const stamps = [stampAt(path), config === undefined ? "" : stampAt(config)];
    const key = [path, ...stamps, checkpoint.path, checkpoint.stamp].join("\0");
    const lora = known.get(key) ?? read(path, checkpoint);
    known.delete(key);
    known.set(key, lora);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    return lora;
  };
}
