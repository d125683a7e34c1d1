import type { Checkpoint } from "../checkpoint.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";
import type { AdapterConfigs } from "./adapter-config.ts";
import type { LoraChange } from "./change.ts";
import { fitted } from "./factors.ts";
import { withMagnitude } from "./families/dora.ts";
import { type Found, misfit } from "./families/family.ts";
import { tensor } from "./ingredient.ts";
import type { LoraBranch } from "./lora.ts";
import { refused } from "./refused.ts";
import { readNumbers, scaleOf } from "./scales.ts";
import type { Part } from "./targets.ts";
import type { Used } from "./used-modules.ts";

type Branches = Map<string, readonly LoraBranch[]>;
type Changes = Map<string, readonly LoraChange[]>;

/** What a file does to a checkpoint: branches by module, changes by tensor. */
export type Contents = Readonly<Record<Part, Branches> & { changes: Readonly<Record<Part, Changes>> }>;

/** What is known of a file beside its modules. */
type Facts = Readonly<{
  configs: AdapterConfigs;
  checkpoint: Checkpoint;
  /** Position in the list of LoRAs. */
  index: number;
}>;

/**
 * What each of a file's modules does: plain factors are a branch beside the module, all else changes its weights.
 *
 * @throws ModelError `lora-unsupported` where tensors do not fit
 */
export function contentsOf(file: WeightFile, used: readonly Used[], facts: Facts): Contents {
  const contents: Contents = {
    unet: new Map(),
    textL: new Map(),
    textG: new Map(),
    changes: { unet: new Map(), textL: new Map(), textG: new Map() },
  };
  const alphas = readNumbers(
    file.path,
    used.flatMap(({ group }) => group.alpha ?? []),
  );
  for (const module of used) {
    const { part, module: name } = module.target;
    const { alpha } = module.group;
    const found = foundOf(file, module, alpha === undefined ? undefined : alphas.get(alpha), facts);
    const factors = ofFactors(found, module, facts);
    const { branch } = factors;
    const changes = withFamilies(found, module, factors);
    if (branch !== undefined) contents[part].set(name, [branch]);
    put(contents.changes[part], `${name}.weight`, changes.weight);
    put(contents.changes[part], `${name}.bias`, changes.bias);
  }
  return contents;
}

function foundOf(
  file: WeightFile,
  { group: { parts }, target, pair }: Used,
  alpha: number | undefined,
  { configs, checkpoint }: Facts,
): Found {
  const key = pair?.down.key ?? parts.values().next().value?.key ?? "";
  const scale = { path: file.path, key, alpha, config: configs[target.part], name: target.name };
  return {
    file,
    target,
    bias: checkpoint[target.part].get(`${target.module}.bias`),
    parts,
    alpha,
    scale: (rank) => scaleOf({ ...scale, rank }),
  };
}

type Lists = Readonly<{ weight: readonly LoraChange[]; bias: readonly LoraChange[] }>;

/** What a pair of factors does: a branch, or with lengths beside them a change of the weight. */
function ofFactors(
  found: Found,
  { pair, group: { beside } }: Used,
  { configs, index }: Facts,
): Lists & Readonly<{ branch?: LoraBranch }> {
  if (pair === undefined) return { weight: [], bias: [] };
  const { file, target } = found;
  const magnitude = beside.get("magnitude");
  const { key } = pair.down;
  if (magnitude === undefined && configs[target.part]?.decomposed === true)
    throw refused(file.path, `its metadata says DoRA (use_dora), but ${key} has no lengths beside it`, key);
  const { rank, ...factors } = fitted({ file, ...pair, mid: beside.get("mid"), weight: target.weight });
  const branch = { index, ...factors, scale: found.scale(rank) };
  const bias = upBias(found, beside.get("upBias"), branch.scale);
  return magnitude === undefined
    ? { branch, weight: [], bias }
    : { weight: [productOf(file.path, branch)], bias };
}

/** With what the module's other families do, and the lengths of DoRA for all of it. */
function withFamilies(found: Found, { group }: Used, factors: Lists): Lists {
  const weight = [...factors.weight];
  const bias = [...factors.bias];
  for (const family of group.families) {
    const [first] = found.parts.values();
    if (family.beside !== true && first !== undefined && found.target.weight.shape.length < 2)
      throw misfit(found, first);
    const own = family.read(found);
    weight.push(...(own.weight ?? []));
    bias.push(...(own.bias ?? []));
  }
  const magnitude = group.beside.get("magnitude");
  return { weight: magnitude === undefined ? weight : [withMagnitude(found, magnitude, weight)], bias };
}

function put(changes: Changes, tensor: string, list: readonly LoraChange[]): void {
  if (list.length > 0) changes.set(tensor, list);
}

/** Factors as a change of the weight, for DoRA. */
function productOf(path: string, { down, up, mid, scale }: LoraBranch): LoraChange {
  if (mid !== undefined) throw refused(path, `${mid.key} is a core of DoRA, which no tool writes`, mid.key);
  const [rank = 1, ...inner] = down.shape;
  const [out = 1] = up.shape;
  const columns = inner.reduce((product, n) => product * n, 1);
  return {
    form: "product",
    parts: { up: tensor(up, [out, rank], scale), down: tensor(down, [rank, columns]) },
  };
}

/** PEFT's `lora_bias`: what the second factor adds to the outputs, scaled like them. */
function upBias({ file, bias }: Found, ref: WeightRef | undefined, scale: number): readonly LoraChange[] {
  if (ref === undefined) return [];
  if (bias === undefined || bias.shape.join() !== ref.shape.join())
    throw refused(file.path, `${ref.key} does not fit a bias of the checkpoint`, ref.key);
  return [{ form: "whole", parts: { values: tensor(ref, ref.shape, scale) } }];
}
