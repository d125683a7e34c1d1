import type { Checkpoint } from "../checkpoint.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";
import type { AdapterConfigs } from "./adapter-config.ts";
import type { LoraChange } from "./change.ts";
import { fitted } from "./factors.ts";
import { withMagnitude } from "./families/dora.ts";
import { type Found, misfit } from "./families/family.ts";
import { copied } from "./ingredient.ts";
import type { LoraBranch } from "./lora.ts";
import { refused } from "./refused.ts";
import { readNumbers, scaleOf } from "./scales.ts";
import type { Part } from "./targets.ts";
import type { Pair, Used } from "./used-modules.ts";

type Branches = Map<string, readonly LoraBranch[]>;
type Changes = Map<string, readonly LoraChange[]>;

/** What a file does to a checkpoint: branches by module, changes by tensor. */
export type Contents = Readonly<Record<Part, Branches> & { changes: Readonly<Record<Part, Changes>> }>;

/**
 * What each of a file's modules does: plain factors are a branch beside the module, all else changes its weights.
 *
 * @param index position in the list of LoRAs
 * @throws ModelError `lora-unsupported` where tensors do not fit
 */
export function contentsOf(
  file: WeightFile,
  used: readonly Used[],
  {
    configs,
    checkpoint,
    index,
  }: Readonly<{ configs: AdapterConfigs; checkpoint: Checkpoint; index: number }>,
): Contents {
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
  for (const { group, target, pair } of used) {
    const { alpha: ref, parts, beside } = group;
    const alpha = ref === undefined ? undefined : alphas.get(ref);
    const [key = ""] = [pair?.down.key, ...[...parts.values()].map((part) => part.key)].filter(isText);
    const facts = { path: file.path, key, alpha, config: configs[target.part], name: target.name };
    const found: Found = {
      file,
      target,
      bias: checkpoint[target.part].get(`${target.module}.bias`),
      parts,
      alpha,
      scale: (rank) => scaleOf({ ...facts, rank }),
    };
    const weight: LoraChange[] = [];
    const bias: LoraChange[] = [];
    const magnitude = beside.get("magnitude");
    if (pair !== undefined) {
      const factors = fitted({ file, ...pair, mid: beside.get("mid"), weight: target.weight });
      if (magnitude === undefined && configs[target.part]?.decomposed === true)
        throw refused(
          file.path,
          `its metadata says DoRA (use_dora), but ${key} has no lengths beside it`,
          key,
        );
      const branch = { index, ...factors, scale: found.scale(factors.rank) };
      if (magnitude === undefined) contents[target.part].set(target.module, [branchOf(branch)]);
      else weight.push(productOf(file.path, branch));
      bias.push(...upBias(found, beside.get("upBias"), branch.scale));
    }
    for (const family of group.families) {
      const [first] = parts.values();
      if (family.beside !== true && first !== undefined && target.weight.shape.length < 2)
        throw misfit(found, first);
      const own = family.read(found);
      weight.push(...(own.weight ?? []));
      bias.push(...(own.bias ?? []));
    }
    const whole = magnitude === undefined ? weight : [withMagnitude(found, magnitude, weight)];
    put(contents.changes[target.part], `${target.module}.weight`, whole);
    put(contents.changes[target.part], `${target.module}.bias`, bias);
  }
  return contents;
}

const isText = (text: string | undefined): text is string => text !== undefined;

const branchOf = ({ index, down, up, mid, scale }: LoraBranch): LoraBranch => ({
  index,
  down,
  up,
  ...(mid === undefined ? {} : { mid }),
  scale,
});

function put(changes: Changes, tensor: string, list: readonly LoraChange[]): void {
  if (list.length > 0) changes.set(tensor, list);
}

/** Factors as a change of the weight, for DoRA. */
function productOf(path: string, { down, up, mid, scale }: Pair & LoraBranch): LoraChange {
  if (mid !== undefined) throw refused(path, `${mid.key} is a core of DoRA, which no tool writes`, mid.key);
  const [rank = 1, ...inner] = down.shape;
  const [out = 1] = up.shape;
  const columns = inner.reduce((product, n) => product * n, 1);
  return {
    form: "product",
    parts: { up: copied(up, [out, rank], scale), down: copied(down, [rank, columns]) },
  };
}

/** PEFT's `lora_bias`: what the second factor adds to the outputs, scaled like them. */
function upBias({ file, bias }: Found, ref: WeightRef | undefined, scale: number): readonly LoraChange[] {
  if (ref === undefined) return [];
  if (bias === undefined || bias.shape.join() !== ref.shape.join())
    throw refused(file.path, `${ref.key} does not fit a bias of the checkpoint`, ref.key);
  return [{ form: "whole", parts: { values: copied(ref, ref.shape, scale) } }];
}
