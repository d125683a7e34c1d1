import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type Checkpoint, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { controlLora, isControlLora } from "./control-lora.ts";
import { renameDiffusersControl } from "./diffusers-control.ts";
import { neededControlNet } from "./names/controlnet.ts";
import { neededEncoder } from "./names/unet.ts";
import { otherControl } from "./other-controls.ts";
import type { OwnFile, OwnPart, PartSource } from "./part-source.ts";
import { withScales } from "./scaled.ts";
import { checkPart, unknownNames } from "./whole.ts";

/** Says that weights are differences to the base model's (lllyasviel's first files). */
const differenceMarker = "difference";

const ldmKey = "zero_convs.0.0.weight";
const diffusersKey = "controlnet_cond_embedding.conv_in.weight";
const prefixes = ["control_model.", "controlnet.", ""] as const;

/** A ControlNet for SDXL in a file of its own, whole or as a Control-LoRA. */
const controlFile: OwnFile = {
  kind: "controlnet",
  prefixes,
  knownBy: ldmKey,
  read: controlNet,
  missing: "holds no ControlNet, which lies in a file of its own.",
};

/** Where a ControlNet lies. */
export const controlSource = { ownFile: controlFile } as const satisfies PartSource;

/**
 * The tensors of a ControlNet (Zhang et al. 2023) under LDM's names, whoever named them: Stability, lllyasviel, diffusers. What
 * a Control-LoRA, or a file of differences, leaves to the base model are the base model's own tensors.
 *
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors; where it does not fit
 * the checkpoint, `weight-shape` or `weight-missing`
 */
function controlNet(file: WeightFile, checkpoint: Checkpoint): OwnPart {
  const { path } = file;
  const prefix = prefixes.find(
    (one) => file.tensors.has(one + ldmKey) || file.tensors.has(one + diffusersKey),
  );
  const found = otherControl(below(file.tensors, prefix ?? ""), prefix !== undefined || isControlLora(file));
  if (found !== undefined) {
    const message = `${basename(path)} is not a ControlNet for SDXL that is read here: it is ${found}.`;
    throw new ModelError("layout-unsupported", message, { path, found });
  }
  const part = partOf(file, prefix ?? "", checkpoint);
  const { tensors } = part;
  const needed = neededControlNet(tensors);
  checkPart(
    { path, title: "ControlNet", prefix: prefix ?? "" },
    tensors,
    needed,
    unknownNames(tensors, needed),
  );
  checkFits(path, tensors, checkpoint);
  refuseUnfinished(file);
  return part;
}

function partOf(file: WeightFile, prefix: string, checkpoint: Checkpoint): OwnPart {
  if (isControlLora(file)) return controlLora(file, checkpoint);
  const scaled = withScales(file);
  const own = below(scaled, prefix);
  const notes = [...scaled.keys()].filter((key) => !key.startsWith(prefix) && key !== differenceMarker);
  const isDifference = scaled.has(differenceMarker) || own.has(differenceMarker);
  const tensors = renameDiffusersControl(new Map([...own].filter(([key]) => key !== differenceMarker)));
  const unused =
    notes.length === 0 ? [] : [`${basename(file.path)}: ${notes.length} other tensors are not used.`];
  return isDifference ? onBase(tensors, unused, checkpoint) : { tensors, notes: unused };
}

/** Where the base model has a tensor of the name, the file has what is added to it. */
function onBase(own: WeightMap, notes: readonly string[], checkpoint: Checkpoint): OwnPart {
  const both = [...own.keys()].filter((key) => checkpoint.unet.has(key));
  const tensors = new Map([...own].map(([key, ref]) => [key, checkpoint.unet.get(key) ?? ref]));
  const differences = both.flatMap((key) => {
    const values = own.get(key);
    return values === undefined ? [] : [[key, [{ owner: 0, values }]] as const];
  });
  return {
    tensors,
    notes,
    base: { checkpoint, shared: new Set(both), differences: new Map(differences) },
  };
}

/**
 * Checks that what it answers can be added to the base model's features, and that it can be told the same.
 *
 * @throws ModelError `weight-shape` naming both sizes
 */
function checkFits(path: string, tensors: WeightMap, checkpoint: Checkpoint): void {
  const [own, base] = [tensors, checkpoint.unet].map((of) => {
    const { skips, width } = neededEncoder(of);
    const text = [...of.keys()].find((key) => key.endsWith(".attn2.to_k.weight")) ?? "";
    return {
      "widths of features": [...skips, width].join(", "),
      "width of the text": of.get(text)?.shape[1],
      "numbers of text and sizes": of.get("label_emb.0.0.weight")?.shape[1],
      "channels of the latent": of.get("input_blocks.0.0.weight")?.shape[1],
    };
  });
  if (own === undefined || base === undefined) return;
  for (const what of Object.keys(own) as (keyof typeof own)[]) {
    // One without transformers reads no text.
    if (own[what] === base[what] || own[what] === undefined) continue;
    const message = `${basename(path)} does not fit ${basename(checkpoint.path)}: it has ${own[what]} as ${what}, the checkpoint ${base[what]}. It was made for another model.`;
    throw new ModelError("weight-shape", message, { path });
  }
}
