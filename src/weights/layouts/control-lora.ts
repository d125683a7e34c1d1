import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint, WeightMap } from "../checkpoint.ts";
import type { LoraChange } from "../lora/change.ts";
import { tensor } from "../lora/ingredient.ts";
import type { LoraBranch } from "../lora/lora.ts";
import { shownName } from "../shown-name.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";
import type { OwnPart } from "./part-source.ts";

/** An empty tensor that such a file is known by. */
const marker = "lora_controlnet";

/** What a ControlNet has of the base model. */
const encoder = /^(time_embed|label_emb|input_blocks|middle_block)\./;

/** Whether a file is a Control-LoRA. */
export const isControlLora = ({ tensors }: WeightFile): boolean => tensors.has(marker);

/**
 * A Control-LoRA (Stability AI 2023): the base model's encoder, of which some tensors are replaced, and factors of any rank
 * beside its matrices: W + up · down, W being the job's own with its LoRAs and its inpaint patch.
 *
 * @throws ModelError `weight-missing` or `weight-shape` where it was made for another model, `layout-unsupported` for half a pair
 */
export function controlLora(file: WeightFile, checkpoint: Checkpoint): OwnPart {
  const { branches, changes, whole } = sorted(file, checkpoint);
  const tensors = new Map([...checkpoint.unet].filter(([key]) => encoder.test(key)));
  const shared = new Set([...tensors.keys()].filter((key) => !whole.has(key)));
  for (const [key, ref] of whole) tensors.set(key, ref);
  return { tensors, notes: [], base: { checkpoint, shared, branches, changes } };
}

type Sorted = Readonly<{
  branches: ReadonlyMap<string, readonly LoraBranch[]>;
  changes: ReadonlyMap<string, readonly LoraChange[]>;
  whole: WeightMap;
}>;

/** Pairs of factors by their modules or by what they change, and what is stored whole. */
function sorted(file: WeightFile, checkpoint: Checkpoint): Sorted {
  const branches = new Map<string, readonly LoraBranch[]>();
  const changes = new Map<string, readonly LoraChange[]>();
  const whole = new Map<string, WeightRef>();
  for (const [key, ref] of file.tensors) {
    const [, module, half] = /^(.+)\.(up|down)$/.exec(key) ?? [];
    if (key === marker || half === "down") {
      if (module !== undefined && !file.tensors.has(`${module}.up`)) throw lone(file.path, key);
      continue;
    }
    if (module === undefined) {
      if (encoder.test(key) && !checkpoint.unet.has(key)) throw elsewhere(file.path, key, checkpoint);
      whole.set(key, ref);
      continue;
    }
    const down = file.tensors.get(`${module}.down`);
    if (down === undefined) throw lone(file.path, key);
    checkFactors({ up: ref, down }, module, checkpoint);
    if (isCheaperMultiplied(module, { up: ref, down }))
      changes.set(`${module}.weight`, [multiplied({ up: ref, down })]);
    else branches.set(module, [{ index: 0, up: ref, down, scale: 1 }]);
  }
  return { branches, changes, whole };
}

function lone(path: string, key: string): ModelError {
  const message = `${basename(path)} is incomplete: ${shownName(key)} has no other half. Get the file again.`;
  return new ModelError("layout-unsupported", message, { path, key });
}

function elsewhere(path: string, key: string, { path: base }: Checkpoint): ModelError {
  const message = `${basename(path)} changes ${shownName(key)}, which ${basename(base)} does not have: this Control-LoRA was made for another model (SDXL base, mostly).`;
  return new ModelError("weight-missing", message, { path, key });
}

type Factors = Pick<LoraBranch, "up" | "down">;

/** up [out, r], down [r, in]; a kernel's axes lie behind, of either's. */
function checkFactors({ up, down }: Factors, module: string, checkpoint: Checkpoint): void {
  const weight = checkpoint.unet.get(`${module}.weight`);
  if (weight === undefined) throw elsewhere(up.path, `${module}.weight`, checkpoint);
  const [out = 0, ...input] = weight.shape;
  const [rank = 0] = down.shape;
  if (size(up.shape) === out * rank && up.shape[0] === out && size(down.shape) === rank * size(input)) return;
  const message = `${basename(up.path)}: the factors of ${module}, [${up.shape.join(", ")}] and [${down.shape.join(", ")}], do not fit [${weight.shape.join(", ")}], which ${basename(checkpoint.path)} has there: this Control-LoRA was made for another model (SDXL base, mostly).`;
  throw new ModelError("weight-shape", message, { path: up.path, key: up.key, found: [...up.shape] });
}

/** What sees a few rows alone: the text's tokens, or one vector of an image. */
const ofFewRows = /^(time_embed|label_emb)\.|\.emb_layers\.|\.attn2\.to_[kv]$/;

/** Where SDXL's 640 channels have 1024 positions and its 1280 have 256, which is at 512 x 512. */
const positions = 600;

/**
 * Whether up · down, added to the weight at every run, takes fewer multiplications than both factors at every position: rank ·
 * out · n, with n the inputs and their kernel, against positions · rank · (n + out).
 */
function isCheaperMultiplied(module: string, { up, down }: Factors): boolean {
  if (ofFewRows.test(module)) return false;
  const [out = 0] = up.shape;
  const n = size(down.shape.slice(1));
  return (out * n) / (out + n) <= positions;
}

function multiplied({ up, down }: Factors): LoraChange {
  const [out = 0] = up.shape;
  const [rank = 0, ...inner] = down.shape;
  return {
    form: "product",
    parts: { up: tensor(up, [out, rank], 1), down: tensor(down, [rank, size(inner)]) },
  };
}

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
