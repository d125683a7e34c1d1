import { basename } from "node:path";
import type { Checkpoint } from "../checkpoint.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";
import { foreignByMetadata, foreignByWidth } from "./foreign-lora.ts";
import type { Group } from "./groups.ts";
import { refused, short } from "./refused.ts";
import type { Target } from "./targets.ts";

/** A LoRA's two factors. */
export type Pair = Readonly<{ down: WeightRef; up: WeightRef }>;

/** What a file has for a module that the checkpoint has. */
export type Used = Readonly<{ group: Group; target: Target; pair: Pair | undefined }>;

/**
 * The modules of a file that the checkpoint has.
 *
 * @throws ModelError `lora-unsupported` for factors alone, modules under two names, and files for another network
 */
export function usedModules(
  file: WeightFile,
  groups: readonly Group[],
  checkpoint: Checkpoint,
): readonly Used[] {
  const { path } = file;
  const used: Used[] = [];
  const taken = new Map<WeightRef, Group>();
  let changed = 0;
  for (const group of groups) {
    const { stem, parts, target } = group;
    const pair = pairOf(path, group);
    const [first] = pair === undefined ? parts.values() : [pair.down];
    if (first === undefined) continue;
    changed += 1;
    checkFamilies(path, group, pair);
    if (target === undefined) checkTable(path, group);
    if (target === undefined) continue;
    const twin = taken.get(target.weight);
    if (twin !== undefined)
      throw refused(path, `it holds one module twice (${twin.stem}, ${stem})`, first.key);
    taken.set(target.weight, group);
    used.push({ group, target, pair });
  }
  for (const { stem, alpha, down, up, parts, target } of groups) {
    const twin = target === undefined ? undefined : taken.get(target.weight);
    if (alpha === undefined || twin === undefined || down !== undefined || up !== undefined) continue;
    if (parts.size > 0) continue;
    throw refused(path, `the factors of one module are called ${twin.stem}, its alpha ${stem}`, alpha.key);
  }
  if (changed === 0) throw refused(path, "it holds no LoRA factors (lora_down, lora_up)");
  checkBase(file, groups, used, checkpoint);
  return used;
}

function pairOf(path: string, { down, up }: Group): Pair | undefined {
  const lone = down ?? up;
  if (lone === undefined) return undefined;
  if (down !== undefined && up !== undefined) return { down, up };
  throw refused(path, `${lone.key} has no other half (${down === undefined ? "down" : "up"})`, lone.key);
}

/** Rows of a table are looked up before they are cast, so nothing can be added to all of it. */
function checkTable(path: string, { stem, parts }: Group): void {
  const difference = parts.get("diff");
  if (difference === undefined || !/(token|position)_embedding$/.test(stem)) return;
  throw refused(
    path,
    `it changes a table of embeddings (${difference.key}), which is not supported yet`,
    difference.key,
  );
}

/** A module has one family, and differences beside it. */
function checkFamilies(path: string, { families, parts, beside, stem }: Group, pair: Pair | undefined): void {
  const names = [...families].filter(({ beside: besideOthers }) => !besideOthers).map(({ name }) => name);
  if (pair !== undefined) names.unshift("LoRA");
  const [part] = parts.values();
  if (names.length > 1)
    throw refused(path, `it holds two families of ${stem} (${names.join(", ")})`, part?.key);
  for (const name of ["mid", "upBias"] as const) {
    const alone = pair === undefined ? beside.get(name) : undefined;
    if (alone !== undefined) throw refused(path, `${alone.key} stands without its factors`, alone.key);
  }
}

/** Refuses what was made for another network, as exactly as names, widths and metadata tell. */
function checkBase(
  file: WeightFile,
  groups: readonly Group[],
  used: readonly Used[],
  checkpoint: Checkpoint,
): void {
  const width = foreignByWidth(groups, checkpoint);
  if (width !== undefined) throw refused(file.path, `${width.what} (${width.key})`, width.key);
  const named = foreignByMetadata(file);
  // The first text encoder is that of Stable Diffusion 1.x, of Flux and of others: only the metadata tells them apart.
  const textOnly = !used.some(({ target }) => target.part === "unet");
  if (named !== undefined && textOnly) throw refused(file.path, named);
  if (used.length * 2 >= groups.length) return;
  const lost = groups.filter(({ target }) => target === undefined).map(({ stem }) => short(stem, 100));
  const some = `not: ${lost.slice(0, 3).join(", ")}`;
  const few = used.length === 0 ? "none" : `only ${used.length}`;
  const count = `${few} of its ${groups.length} modules exist in ${basename(checkpoint.path)}`;
  throw refused(file.path, `${count} (${some})${named === undefined ? "" : `; ${named}`}`);
}
