import type { Checkpoint } from "#/weights/checkpoint.ts";
import type { Lora } from "#/weights/lora/lora.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import type { ReadLora } from "./known-loras.ts";

/** A LoRA of a job and how strongly it acts. */
export type LoraUse = Readonly<{ lora: Lora; strength: number }>;

/**
 * Reads the headers of a job's LoRAs as a set: by file, each once, whatever the order of the list. One that is listed
 * twice acts with both strengths. So a change of order or strength asks for no other network.
 *
 * @param read from where one is known, or anew
 * @throws ModelError as {@link readLora}
 */
export function readLoras(
  list: readonly Readonly<{ path: string; weight: number }>[],
  checkpoint: Checkpoint,
  read: ReadLora = (path) => readLora(path, checkpoint, 0),
): readonly LoraUse[] {
  const set = new Map<string, LoraUse>();
  for (const { path, weight } of list) {
    const lora = read(path, checkpoint);
    set.set(lora.path, { lora, strength: (set.get(lora.path)?.strength ?? 0) + weight });
  }
  return [...set.values()].toSorted((a, b) => (a.lora.path < b.lora.path ? -1 : 1));
}
