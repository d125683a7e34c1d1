import { basename } from "node:path";
import type { WeightMap } from "../checkpoint.ts";

/** Transformers at least this deep tell one model's depths from another's. */
const deep = 4;

const block = /^(.+)\.transformer_blocks\.(\d+)\./;

/** What a LoRA changes in a checkpoint's UNet. */
export type Changed = Readonly<{
  path: string;
  /** Path of the checkpoint. */
  base: string;
  unet: WeightMap;
  /** Modules of the UNet that it has factors for. */
  modules: Iterable<string>;
}>;

/**
 * Tells of a LoRA that stops in the middle of most deep transformers it touches: distilled models have the same modules as
 * their teacher, by name and by shape, only fewer, so that a LoRA of SSD-1B or Vega finds every one of its own on SDXL.
 *
 * @returns a sentence; undefined where nothing speaks for it
 */
export function otherDepthNote({ path, base, unet, modules }: Changed): string | undefined {
  const depths = blocksOf(unet.keys());
  const touched = [...blocksOf([...modules].map((module) => `${module}.`))].flatMap(([name, blocks]) => {
    const depth = depths.get(name)?.size ?? 0;
    // From the first on without gaps: whoever picks blocks by hand leaves others.
    const whole = Math.max(...blocks) + 1 === blocks.size;
    return depth >= deep && whole ? [{ reached: blocks.size, depth }] : [];
  });
  const short = touched.filter(({ reached, depth }) => reached < depth);
  const [first] = short;
  if (first === undefined || short.length * 2 <= touched.length) return undefined;
  return `${basename(path)} stops after ${first.reached} of ${first.depth} blocks in ${short.length} of ${touched.length} transformers of ${basename(base)}, as a LoRA of a distilled model (SSD-1B, Vega) would: if it is one, it draws something else here than it was trained for.`;
}

/** For each transformer the numbers of its blocks that these names stand in. */
function blocksOf(names: Iterable<string>): Map<string, Set<number>> {
  const blocks = new Map<string, Set<number>>();
  for (const name of names) {
    const [, transformer, number] = block.exec(name) ?? [];
    if (transformer === undefined) continue;
    blocks.set(transformer, (blocks.get(transformer) ?? new Set()).add(Number(number)));
  }
  return blocks;
}
