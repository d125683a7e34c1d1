import type { FileStamp } from "../stamp.ts";
import type { WeightRef } from "../weight-file.ts";
import type { LoraChanges } from "./change.ts";
import type { Part } from "./targets.ts";

/** One low-rank branch on one module: W x + strength · scale · up(down(x)). */
export type LoraBranch = Readonly<{
  /** Which LoRA of the list it belongs to. */
  index: number;
  /** [rank, in] or [rank, in, kh, kw]: as many axes as the module's weight */
  down: WeightRef;
  /** [out, rank] or [out, rank, 1, 1] */
  up: WeightRef;
  /** A Tucker core [rank, rank, kh, kw] between them; `down` is [rank, in, 1, 1] then. */
  mid?: WeightRef;
  /** alpha / rank (alpha / sqrt(rank) with rank-stabilised LoRA), or 1 without alpha */
  scale: number;
}>;

/** Branches of one part by module name. */
export type LoraBranches = ReadonlyMap<string, readonly LoraBranch[]>;

/** What a LoRA file holds for a checkpoint. */
export type Lora = Readonly<{
  path: string;
  /** What it was read from: its own file first, and the configuration beside it where there is one. */
  files: readonly FileStamp[];
  unet: LoraBranches;
  textL: LoraBranches;
  textG: LoraBranches;
  /** What no pair of factors beside a module can do: changes of the weights themselves. */
  changes: Readonly<Record<Part, LoraChanges>>;
  /** What the file has and no network uses, a sentence each, for whoever asked for it. */
  notes: readonly string[];
}>;

/** Joins several LoRAs' branches, in order, for one part of a checkpoint. */
export function mergeBranches(loras: readonly LoraBranches[]): LoraBranches {
  const merged = new Map<string, LoraBranch[]>();
  for (const branches of loras) {
    for (const [module, list] of branches) merged.set(module, [...(merged.get(module) ?? []), ...list]);
  }
  return merged;
}

/** The tensors of a file that one network is changed by. */
export const tensorsOf = (lora: Lora, part: Part): readonly WeightRef[] => [
  ...[...lora[part].values()]
    .flat()
    .flatMap(({ down, up, mid }) => [down, up, ...(mid === undefined ? [] : [mid])]),
  ...[...lora.changes[part].values()]
    .flat()
    .flatMap(({ parts }) => Object.values(parts).flatMap(({ from }) => from)),
];
