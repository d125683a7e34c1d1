import type { Checkpoint } from "../checkpoint.ts";
import { diffusersName } from "../layouts/diffusers-names.ts";
import type { WeightRef } from "../weight-file.ts";

/** The parts of a checkpoint that LoRAs address. */
export type Part = "unet" | "textL" | "textG";

/** A module of the checkpoint. */
export type Target = Readonly<{
  part: Part;
  /** Its name in the part, as its network is drawn. */
  module: string;
  /** Its name for PEFT: diffusers' or transformers', in the spelling that was looked up. */
  name: string;
  weight: WeightRef;
}>;

type Names = Readonly<{ dotted: ReadonlyMap<string, Target>; underscored: ReadonlyMap<string, Target> }>;

/**
 * What may stand before a module's name. diffusers writes the pipeline's part, PEFT `base_model.model.`, ComfyUI and
 * OneTrainer their own, kohya and LyCORIS a word with dots turned to underscores. `lora_te_` is SD 1.x's only encoder,
 * and L's weights are the same there.
 */
const prefixes: readonly (readonly [string, Part, keyof Names])[] = [
  ["lora_unet_", "unet", "underscored"],
  ["oft_unet_", "unet", "underscored"],
  ["lycoris_unet_", "unet", "underscored"],
  ["lycoris_", "unet", "underscored"],
  ["lora_te1_", "textL", "underscored"],
  ["lora_te_", "textL", "underscored"],
  ["lora_te2_", "textG", "underscored"],
  ["unet.base_model.model.", "unet", "dotted"],
  ["base_model.model.unet.", "unet", "dotted"],
  ["base_model.model.", "unet", "dotted"],
  ["model.diffusion_model.", "unet", "dotted"],
  ["diffusion_model.", "unet", "dotted"],
  ["unet.", "unet", "dotted"],
  ["text_encoder.base_model.model.", "textL", "dotted"],
  ["text_encoder.", "textL", "dotted"],
  ["text_encoders.clip_l.transformer.", "textL", "dotted"],
  ["text_encoder_2.base_model.model.", "textG", "dotted"],
  ["text_encoder_2.", "textG", "dotted"],
  ["text_encoders.clip_g.transformer.", "textG", "dotted"],
  ["", "unet", "dotted"],
];

/**
 * Finds the module that a name in a LoRA file means. Names are looked up in tables of every spelling of every module,
 * never parsed backwards: underscores are ambiguous.
 */
export function targetsOf(checkpoint: Checkpoint): (stem: string) => Target | undefined {
  const names: Record<Part, Names> = {
    unet: unetNames(checkpoint),
    textL: textNames(checkpoint, "textL"),
    textG: textNames(checkpoint, "textG"),
  };
  return (stem) => {
    for (const [prefix, part, kind] of prefixes) {
      if (!stem.startsWith(prefix)) continue;
      const target = names[part][kind].get(stem.slice(prefix.length));
      if (target !== undefined) return target;
    }
    return undefined;
  };
}

/** LDM's names, diffusers' names, and those of its former attention processors, whose output was `to_out`. */
function unetNames(checkpoint: Checkpoint): Names {
  const dotted = new Map<string, Target>();
  const underscored = new Map<string, Target>();
  for (const [module, weight] of modules(checkpoint, "unet")) {
    const diffusers = diffusersName(module, checkpoint.unet);
    const target: Target = { part: "unet", module, name: diffusers ?? module, weight };
    for (const spelling of diffusers === undefined ? [module] : [module, diffusers]) {
      dotted.set(spelling, target);
      underscored.set(spelling.replaceAll(".", "_"), target);
    }
    if (diffusers === undefined || !/\.to_(q|k|v|out\.0)$/.test(diffusers)) continue;
    const processor = diffusers.replace(/\.to_([^_]+)$/, ".processor.to_$1");
    for (const spelling of [diffusers, processor]) {
      dotted.set(spelling, target).set(spelling.replace(/\.to_out\.0$/, ".to_out"), target);
    }
  }
  return { dotted, underscored };
}

const processorNames: Readonly<Record<string, string>> = {
  q_proj: "to_q",
  k_proj: "to_k",
  v_proj: "to_v",
  out_proj: "to_out",
};

/** With transformers 4's `text_model.` and without, as transformers 5 has the first encoder; and diffusers' oldest. */
function textNames(checkpoint: Checkpoint, part: "textL" | "textG"): Names {
  const dotted = new Map<string, Target>();
  const underscored = new Map<string, Target>();
  for (const [module, weight] of modules(checkpoint, part)) {
    for (const name of [`text_model.${module}`, module]) {
      const target: Target = { part, module, name, weight };
      dotted.set(name, target);
      underscored.set(name.replaceAll(".", "_"), target);
      const processor = name.replace(/[a-z]+_proj$/, (last) => processorNames[last] ?? last);
      dotted.set(processor, target);
    }
  }
  return { dotted, underscored };
}

/**
 * Modules with a weight. The embeddings have no module name in LoRA files, and the text projection, which newer tools
 * train, is one that Fooocus passes over.
 */
function modules(checkpoint: Checkpoint, part: Part): readonly (readonly [string, WeightRef])[] {
  return [...checkpoint[part]].flatMap(([key, weight]) => {
    const module = key.endsWith(".weight") ? key.slice(0, -".weight".length) : "";
    const skipped = module === "" || module === "text_projection" || module.startsWith("embeddings.");
    return skipped ? [] : [[module, weight] as const];
  });
}
