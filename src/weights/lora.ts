import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint, WeightMap } from "./checkpoint.ts";
import { diffusersName } from "./layouts/diffusers-names.ts";
import { readSafetensors, readWeight, type WeightRef } from "./safetensors.ts";

/** One low-rank branch on one module: W x + strength · scale · up(down(x)). */
export type LoraBranch = Readonly<{
  /** Which LoRA of the list it belongs to. */
  index: number;
  /** [rank, in] or [rank, in, kh, kw] */
  down: WeightRef;
  /** [out, rank] or [out, rank, 1, 1] */
  up: WeightRef;
  /** alpha / rank, or 1 without alpha */
  scale: number;
}>;

/** Branches of one part by module name. */
export type LoraBranches = ReadonlyMap<string, readonly LoraBranch[]>;

/** What a LoRA file holds for a checkpoint. */
export type Lora = Readonly<{
  path: string;
  stamp: string;
  unet: LoraBranches;
  textL: LoraBranches;
  textG: LoraBranches;
  /** What the file has and no network uses, a sentence each, for whoever asked for it. */
  notes: readonly string[];
}>;

type Part = "unet" | "textL" | "textG";
type Target = Readonly<{ part: Part; module: string; weight: WeightRef }>;

/** Families told by a suffix that cannot be drawn as a low-rank branch. */
const otherFamilies: readonly (readonly [string, string])[] = [
  [".hada_w1_a", "LoHa"],
  [".lokr_w1", "LoKr"],
  [".lokr_w1_a", "LoKr"],
  [".dora_scale", "DoRA"],
  [".a1.weight", "GLoRA"],
  [".oft_blocks", "OFT"],
  [".on_input", "IA3"],
  [".lora_mid.weight", "LoCon with a Tucker core"],
  [".diff", "full-difference"],
];

const suffixes = {
  down: [".lora_down.weight", "_lora.down.weight", ".lora_linear_layer.down.weight", ".lora_A.weight"],
  up: [".lora_up.weight", "_lora.up.weight", ".lora_linear_layer.up.weight", ".lora_B.weight"],
  alpha: [".alpha"],
} as const;

/**
 * Reads a LoRA's header and finds the module of the checkpoint that each factor belongs to. Names are looked up in a
 * table of every spelling of every module, never parsed backwards: underscores are ambiguous.
 *
 * @param index position in the list of LoRAs
 * @throws ModelError `lora-unsupported` for other families and for files made for another architecture
 */
export function readLora(path: string, checkpoint: Checkpoint, index: number): Lora {
  const file = readSafetensors(path);
  for (const [suffix, family] of otherFamilies) {
    const key = [...file.tensors.keys()].find((name) => name.endsWith(suffix));
    if (key === undefined) continue;
    throw refused(path, `it is a ${family} file (${key}); only LoRA and LoCon are supported yet`, key);
  }
  const targets = moduleNames(checkpoint);
  const branches = { unet: new Map(), textL: new Map(), textG: new Map() } as Record<
    Part,
    Map<string, LoraBranch[]>
  >;
  const unmatched: string[] = [];
  let modules = 0;
  for (const [key, down] of file.tensors) {
    const name = stem(key, suffixes.down);
    if (name === undefined) {
      if (stem(key, [...suffixes.up, ...suffixes.alpha]) === undefined) unmatched.push(key);
      continue;
    }
    modules += 1;
    const target = targets.get(name);
    if (target === undefined) {
      unmatched.push(key);
      continue;
    }
    const up = find(file.tensors, name, suffixes.up);
    if (up === undefined) throw refused(path, `${key} has no other half (${suffixes.up[0].slice(1)})`, key);
    checkShapes(path, key, down, up, target.weight);
    const branch = { index, down, up, scale: alphaOf(file.tensors, name) / (down.shape[0] ?? 1) };
    branches[target.part].set(target.module, [branch]);
  }
  const matched = branches.unet.size + branches.textL.size + branches.textG.size;
  if (modules === 0) throw refused(path, "it holds no LoRA factors (lora_down, lora_up)");
  if (matched * 2 < modules) {
    const some = unmatched.slice(0, 3).join(", ");
    throw refused(
      path,
      `only ${matched} of its ${modules} modules exist in ${basename(checkpoint.path)} (not: ${some})`,
    );
  }
  const notes =
    unmatched.length === 0
      ? []
      : [`${unmatched.length} tensors of ${basename(path)} are not used, ${unmatched[0]} for example.`];
  return { path: file.path, stamp: file.stamp, ...branches, notes };

  function alphaOf(tensors: WeightMap, name: string): number {
    const rank = find(tensors, name, suffixes.down)?.shape[0] ?? 1;
    const ref = find(tensors, name, suffixes.alpha);
    return ref === undefined ? rank : (readWeight(ref)[0] ?? rank);
  }
}

/** Joins several LoRAs' branches, in order, for one part of a checkpoint. */
export function mergeBranches(loras: readonly LoraBranches[]): LoraBranches {
  const merged = new Map<string, LoraBranch[]>();
  for (const branches of loras) {
    for (const [module, list] of branches) merged.set(module, [...(merged.get(module) ?? []), ...list]);
  }
  return merged;
}

const stem = (key: string, endings: readonly string[]): string | undefined => {
  const ending = endings.find((candidate) => key.endsWith(candidate));
  return ending === undefined ? undefined : key.slice(0, -ending.length);
};

const find = (tensors: WeightMap, name: string, endings: readonly string[]): WeightRef | undefined =>
  endings.map((ending) => tensors.get(name + ending)).find((ref) => ref !== undefined);

/** Every spelling of every module that a LoRA can address. */
function moduleNames(checkpoint: Checkpoint): ReadonlyMap<string, Target> {
  const names = new Map<string, Target>();
  const underscored = (name: string): string => name.replaceAll(".", "_");
  for (const { module, target } of addressable(checkpoint, "unet")) {
    const diffusers = diffusersName(module, checkpoint.unet);
    names.set(`lora_unet_${underscored(module)}`, target);
    names.set(`diffusion_model.${module}`, target);
    for (const spelling of diffusers === undefined ? [] : [diffusers]) {
      const processor = spelling.replaceAll(".to_", ".processor.to_").replace(/\.to_out\.0$/, ".to_out");
      names.set(`lora_unet_${underscored(spelling)}`, target);
      for (const name of [spelling, processor]) names.set(name, target).set(`unet.${name}`, target);
    }
  }
  for (const [part, kohya, plain] of [
    ["textL", ["lora_te1_text_model_", "lora_te_text_model_"], "text_encoder.text_model."],
    ["textG", ["lora_te2_text_model_"], "text_encoder_2.text_model."],
  ] as const) {
    for (const { module, target } of addressable(checkpoint, part)) {
      for (const prefix of kohya) names.set(prefix + underscored(module), target);
      names.set(plain + module, target);
    }
  }
  return names;
}

/** Modules with a matrix or a kernel; embeddings and the projection have no module name in LoRA files. */
function addressable(checkpoint: Checkpoint, part: Part): readonly { module: string; target: Target }[] {
  return [...checkpoint[part]]
    .filter(
      ([key, { shape }]) => key.endsWith(".weight") && shape.length >= 2 && !key.startsWith("embeddings."),
    )
    .map(([key, weight]) => {
      const module = key.slice(0, -".weight".length);
      return { module, target: { part, module, weight } };
    });
}

function checkShapes(path: string, key: string, down: WeightRef, up: WeightRef, weight: WeightRef): void {
  const [out = 0, input = 0, ...kernel] = weight.shape;
  const rank = down.shape[0] ?? 0;
  const fits =
    up.shape[0] === out &&
    up.shape[1] === rank &&
    down.shape[1] === input &&
    (down.shape.length === weight.shape.length
      ? kernel.every((k, i) => down.shape[i + 2] === k)
      : kernel.every((k) => k === 1));
  if (fits) return;
  const shapes = `down [${down.shape.join(", ")}], up [${up.shape.join(", ")}], weight [${weight.shape.join(", ")}]`;
  throw refused(
    path,
    `${key} does not fit the checkpoint (${shapes}): it was made for another architecture`,
    key,
  );
}

const refused = (path: string, why: string, key?: string): ModelError =>
  new ModelError("lora-unsupported", `${path} cannot be used as a LoRA: ${why}.`, {
    path,
    ...(key === undefined ? {} : { key }),
  });
