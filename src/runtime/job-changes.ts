import type { Network } from "#/networks/network.ts";
import type { Located, OnBase } from "#/weights/layouts/part-source.ts";
import type { Lora } from "#/weights/lora/lora.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import type { ModelParts, Patch } from "./job-files.ts";
import type { LoraUse } from "./lora-set.ts";

/** What changes a network's weights. */
export type NetworkChanges = Readonly<{
  /** The LoRAs that have factors in it, and what its own file adds to the base model as one does, which comes last. */
  loras: readonly LoraUse[];
  /** What is added to its weights as it is, a file each: the job's patch, and the own file's differences. */
  patches: readonly Patch[];
}>;

/**
 * What of a job's LoRAs and of its patch acts on a network: all that fits the checkpoint's own part; on a part of another file
 * what fits the tensors that are the checkpoint's there, and what that file adds to them itself.
 */
export function changesOn(
  { loras: part, patched, from }: Network,
  { file, base }: Located,
  files: Pick<ModelParts, "loras" | "patch">,
): NetworkChanges {
  if (part === undefined) return { loras: [], patches: [] };
  const patches = patched === true && files.patch !== undefined ? [files.patch] : [];
  const acting = (uses: readonly LoraUse[]): readonly LoraUse[] =>
    uses.filter(({ lora }) => lora[part].size + lora.changes[part].size > 0);
  if (from.checkpoint !== undefined) return { loras: acting(files.loras), patches };
  if (base === undefined) return { loras: [], patches: [] };
  const narrowed = files.loras.map((use) => ({ ...use, lora: within(base, use.lora) }));
  const own = base.branches === undefined ? [] : [{ lora: ownFactors(file, base), strength: 1 }];
  const added = patches.map((patch) => narrowedPatch(base, patch));
  const all = [...added, ...ownDifferences(file, base)];
  const patching = all.filter(({ differences }) => differences.tensors.size > 0);
  return { loras: [...acting(narrowed), ...own], patches: patching };
}

/** A LoRA, as far as it changes tensors that are the checkpoint's. */
function within({ shared }: OnBase, lora: Lora): Lora {
  const branches = [...lora.unet].filter(([module]) => shared.has(`${module}.weight`));
  const changes = [...lora.changes.unet].filter(([tensor]) => shared.has(tensor));
  return { ...lora, unet: new Map(branches), changes: { ...lora.changes, unet: new Map(changes) } };
}

function ownFactors(file: FileStamp, { branches, changes }: Pick<OnBase, "branches" | "changes">): Lora {
  const none = new Map<string, never>();
  return {
    path: file.path,
    files: [file],
    unet: branches ?? none,
    textL: none,
    textG: none,
    changes: { unet: changes ?? none, textL: none, textG: none },
    notes: [],
  };
}

/** The job's patch, as far as it changes tensors that are the checkpoint's. */
function narrowedPatch({ shared }: OnBase, { file, differences: { count, tensors } }: Patch): Patch {
  const acting = [...tensors].filter(([key]) => shared.has(key));
  return { file, differences: { count, tensors: new Map(acting) } };
}

const ownDifferences = (file: FileStamp, { differences }: OnBase): readonly Patch[] =>
  differences === undefined ? [] : [{ file, differences: { count: 1, tensors: differences } }];
