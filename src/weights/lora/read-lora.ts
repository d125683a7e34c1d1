import { basename } from "node:path";
import type { Checkpoint } from "../checkpoint.ts";
import { openWeights } from "../open-weights.ts";
import type { FileStamp } from "../stamp.ts";
import { dataIsZeroFrom } from "../tail.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";
import { type AdapterConfigs, adapterConfigs, configBeside } from "./adapter-config.ts";
import { fitted } from "./factors.ts";
import { foreignByMetadata, foreignByName, foreignByWidth } from "./foreign-lora.ts";
import { type Group, groupByModule } from "./groups.ts";
import type { Lora, LoraBranch } from "./lora.ts";
import { notesOf } from "./notes.ts";
import { otherDepthNote } from "./other-depth.ts";
import { refused, short } from "./refused.ts";
import { readNumbers, scaleOf } from "./scales.ts";
import { type Part, type Target, targetsOf } from "./targets.ts";

/** A module's two factors, which the checkpoint has a place for. */
type Pair = Readonly<{ group: Group; target: Target; down: WeightRef; up: WeightRef }>;

/**
 * Reads a LoRA's header, and its alphas, and finds the module of the checkpoint that each pair of factors belongs to.
 * What is not used is told in `notes`; what would make another picture than the file was trained for is refused.
 *
 * @param index position in the list of LoRAs
 * @throws ModelError `lora-unsupported` for other families, for files made for another architecture, and for damage
 */
export function readLora(path: string, checkpoint: Checkpoint, index: number): Lora {
  const file = openWeights(path);
  if (file.tensors.size === 0) throw refused(file.path, "it holds no tensors");
  const foreign = foreignByName(file);
  if (foreign !== undefined) throw refused(file.path, `${foreign.what} (${foreign.key})`, foreign.key);

  const configs = adapterConfigs(file);
  const { groups, embeddings } = groupByModule(file.path, file.tensors, targetsOf(checkpoint));
  checkFamilies(file.path, groups);
  const pairs = pairsOf(file, groups, checkpoint);
  checkEnd(file.path, pairs);
  const { path: base, unet } = checkpoint;
  const branches = branchesOf(file, pairs, configs, index);
  const depth = otherDepthNote({ path: file.path, base, unet, modules: branches.unet.keys() });
  const notes = [
    ...notesOf({ path: file.path, base, groups, embeddings, configs }),
    ...[depth ?? [], otherModelNote(file, base) ?? []].flat(),
  ];
  return { path: file.path, files: filesOf(file), ...branches, notes };
}

/** Kolors and others have SDXL's UNet, name by name: only the metadata tells their LoRAs. */
function otherModelNote(file: WeightFile, base: string): string | undefined {
  const said = foreignByMetadata(file);
  if (said === undefined) return undefined;
  return `${basename(file.path)} says that ${said}; its modules are in ${basename(base)}, so it is used.`;
}

/** A LoRA's own file, and the configuration beside it. */
function filesOf({ path, stamp }: WeightFile): readonly FileStamp[] {
  const config = configBeside(path);
  return config === undefined ? [{ path, stamp }] : [{ path, stamp }, config];
}

/** Other families, wherever they stand; parts that nobody knows where they belong to a module of ours. */
function checkFamilies(path: string, groups: readonly Group[]): void {
  for (const { stem, families, unknown, target } of groups) {
    const [other] = families;
    if (other !== undefined) {
      const [{ key, shape }, named] = other;
      // LyCORIS writes both under one name: a stack of rotations is BOFT (Liu et al. 2024).
      const family = named === "OFT" && key.endsWith(".oft_blocks") && shape.length === 4 ? "BOFT" : named;
      throw refused(path, `its family is ${family} (${key}); only LoRA and LoCon are supported yet`, key);
    }
    const [part] = unknown;
    if (part !== undefined && target !== undefined) {
      const replaces = [".weight", ".bias"].some((end) => part.key === stem + end);
      const why = replaces ? "replaces weights" : "has a part that is not known here";
      throw refused(path, `it ${why} (${part.key}); only LoRA and LoCon are supported yet`, part.key);
    }
  }
}

function pairsOf(file: WeightFile, groups: readonly Group[], checkpoint: Checkpoint): readonly Pair[] {
  const { path } = file;
  const pairs: Pair[] = [];
  const taken = new Map<WeightRef, Group>();
  let factors = 0;
  for (const group of groups) {
    const { stem, down, up, target } = group;
    const lone = down ?? up;
    if (lone === undefined) continue;
    factors += 1;
    if (down === undefined || up === undefined) {
      throw refused(path, `${lone.key} has no other half (${down === undefined ? "down" : "up"})`, lone.key);
    }
    if (target === undefined) continue;
    const twin = taken.get(target.weight);
    if (twin !== undefined)
      throw refused(path, `it holds one module twice (${twin.stem}, ${stem})`, down.key);
    taken.set(target.weight, group);
    pairs.push({ group, target, down, up });
  }
  for (const { stem, alpha, down, up, target } of groups) {
    const twin = target === undefined ? undefined : taken.get(target.weight);
    if (alpha === undefined || twin === undefined || down !== undefined || up !== undefined) continue;
    throw refused(path, `the factors of one module are called ${twin.stem}, its alpha ${stem}`, alpha.key);
  }
  if (factors === 0) throw refused(path, "it holds no LoRA factors (lora_down, lora_up)");
  checkBase(file, groups, pairs, checkpoint);
  return pairs;
}

/** Refuses what was made for another network, as exactly as names, widths and metadata tell. */
function checkBase(
  file: WeightFile,
  groups: readonly Group[],
  pairs: readonly Pair[],
  checkpoint: Checkpoint,
): void {
  const width = foreignByWidth(groups, checkpoint);
  if (width !== undefined) throw refused(file.path, `${width.what} (${width.key})`, width.key);
  const named = foreignByMetadata(file);
  // The first text encoder is that of Stable Diffusion 1.x, of Flux and of others: only the metadata tells them apart.
  const textOnly = !pairs.some(({ target }) => target.part === "unet");
  if (named !== undefined && textOnly) throw refused(file.path, named);
  if (pairs.length * 2 >= groups.length) return;
  const lost = groups.filter(({ target }) => target === undefined).map(({ stem }) => short(stem, 100));
  const some = `not: ${lost.slice(0, 3).join(", ")}`;
  const few = pairs.length === 0 ? "none" : `only ${pairs.length}`;
  const count = `${few} of its ${groups.length} modules exist in ${basename(checkpoint.path)}`;
  throw refused(file.path, `${count} (${some})${named === undefined ? "" : `; ${named}`}`);
}

/**
 * Refuses a file that is nothing but zeros from its last module's first factor on. One factor of an untrained module is
 * zero, never both.
 */
function checkEnd(path: string, pairs: readonly Pair[]): void {
  const [last] = pairs.toSorted(
    (a, b) => Math.max(b.down.offset, b.up.offset) - Math.max(a.down.offset, a.up.offset),
  );
  if (last === undefined) return;
  const first = last.down.offset < last.up.offset ? last.down : last.up;
  if (!dataIsZeroFrom(path, first.offset)) return;
  throw refused(path, `its data is zero to the end from ${first.key} on: an interrupted download`, first.key);
}

function branchesOf(
  file: WeightFile,
  pairs: readonly Pair[],
  configs: AdapterConfigs,
  index: number,
): Record<Part, ReadonlyMap<string, readonly LoraBranch[]>> {
  const branches = { unet: new Map(), textL: new Map(), textG: new Map() };
  const alphas = readNumbers(
    file.path,
    pairs.flatMap(({ group }) => group.alpha ?? []),
  );
  for (const { group, target, down, up } of pairs) {
    const factors = fitted({ file, down, up, weight: target.weight });
    const scale = scaleOf({
      path: file.path,
      key: down.key,
      rank: factors.rank,
      alpha: group.alpha === undefined ? undefined : alphas.get(group.alpha),
      config: configs[target.part],
      name: target.name,
    });
    branches[target.part].set(target.module, [{ index, down: factors.down, up: factors.up, scale }]);
  }
  return branches;
}
