import type { PartKind } from "#/catalog/part-folders.ts";
import type { NoiseRule, Precision } from "#/lib/devices.ts";
import type { Enhancement } from "./enhancement.ts";
import type { LatentColours } from "./latent-colours.ts";

/**
 * What will be made: complete, immutable, plain. Models are names (paths relative to their model folder, as the API
 * lists them), and so are input pictures, which the rest of a recipe refers to by their place in `inputs`. A recipe says
 * nothing of HTTP, files or formats.
 */
export type Recipe = Readonly<{
  base: ModelName;
  /** What the file beside the checkpoint says of how it is sampled; absent where it says nothing. */
  sampledAs?: SampledAs;
  /** A separate VAE file, or the checkpoint's own. */
  vae: ModelName | null;
  /**
   * Files for parts that no checkpoint holds, at most one of a kind but for ControlNets, and for image-prompt adapters, each with
   * a vision tower of the same place; absent where there are none.
   */
  parts?: readonly PartFile[];
  /**
   * A file of the inpaint folder whose differences are added to the denoising network's weights until the refiner takes over;
   * with it goes an inpaint head, one of the `parts`.
   */
  patch?: ModelName;
  /** In the order they are applied; the performance mode's own LoRA is the last one. */
  loras: readonly LoraUse[];
  /** The textual inversions that its texts name; absent where they name none. */
  inversions?: readonly InversionUse[];
  /** Of the pictures that are made, where it does not depend on what else is found in their source. */
  size: Size;
  /** 0 where nothing is diffused. */
  steps: number;
  sampler: SamplerName;
  schedule: ScheduleName;
  /** 1 = last hidden state of the text encoders, 2 = the one before (SDXL's own). */
  clipSkip: number;
  guidance: Guidance;
  /** Its four numbers; null where it is off. */
  freeU: FreeU | null;
  /** What takes over in the middle of the run; null is one run of the base model. */
  refiner: Refiner | null;
  noise: NoiseRule;
  /** In which numbers its networks count: as their files have them, or in fewer bits where that is faster. */
  precision: Precision;
  /** How readily network runs are left out: above 0, at most 1; absent where none is. */
  cache?: number;
  /**
   * Every picture is looked at by the safety checker among the `parts`, and a black one takes the place of what it finds; absent
   * where nobody looks. There are no previews then.
   */
  checked?: true;
  /** How previews are made; null makes none. */
  previews: Previews | null;
  source: Source;
  /** The pictures that guide what is made; absent where none does. */
  controls?: Controls;
  /** The pictures it is made of; whoever runs it brings their pixels in this order. */
  inputs: readonly InputName[];
  /** One per image: its seed and its prompts after styles and wildcards. */
  images: readonly ImageSpec[];
  /** What becomes of the images, or of a picture that was given in their place; absent where nothing does. */
  enhance?: Enhancement;
}>;

/**
 * How previews are made: of the colours that the latents of this checkpoint have, or by a network of the vae_approx folder,
 * and of colours where its file cannot be used.
 */
export type Previews = Readonly<
  { by: "colours"; colours: LatentColours } | { by: "network"; file: ModelName; colours: LatentColours }
>;

/** A file name relative to its model folder, for example `sdxl/base.safetensors`. */
export type ModelName = string;

/** A file that holds one part of a model, in the folder of its kind. */
export type PartFile = Readonly<{ kind: PartKind; name: ModelName }>;

/** What a picture is called in the inputs folder: the hash of its content, and `.png`. */
export type InputName = string;

/** What a network predicts and on which betas it was trained, said by whoever owns the file; it wins over the file. */
export type SampledAs = Readonly<{ prediction?: "eps" | "v" | "edm"; zeroTerminalSnr?: boolean }>;

export type LoraUse = Readonly<{ name: ModelName; weight: number }>;

/** A textual inversion: what texts call it behind `embedding:`, and its file. */
export type InversionUse = Readonly<{ said: string; name: ModelName }>;

/** Pixels. The latent is floor(width / 8) by floor(height / 8). */
export type Size = Readonly<{ width: number; height: number }>;

/** Classifier-free guidance as Fooocus extends it (pipeline section 8). */
export type Guidance = Readonly<{
  cfg: number;
  /** 0 to 30: strength of the bilateral filter on the positive residual. */
  sharpness: number;
  /** Guidance at the start of the run when `cfg` exceeds it ("mimicking TSNR"). */
  adaptiveCfg: number;
  /** Scalers of the original-size numbers in the ADM vector, and the progress at which they end. */
  admPositive: number;
  admNegative: number;
  admEnd: number;
  /** The share of the steps at which it ends, 0 up to below 1: the others ask the positive side alone. Absent where it never does. */
  until?: number;
}>;

/**
 * FreeU (Si et al. 2023) in the denoising network's decoder: factors on the backbone (b) and on the lowest frequencies of the
 * skip (s), of the innermost width (1) and of the next (2).
 */
export type FreeU = Readonly<{ b1: number; b2: number; s1: number; s2: number }>;

/** A model that takes over from the base model (Podell et al. 2023, section 2.5), or the base model once more. */
export type Refiner = Readonly<{
  /** A checkpoint, or null for the base model itself. */
  name: ModelName | null;
  /** As of the base model. */
  sampledAs?: SampledAs;
  /**
   * In the run that goes on; in a run of its own that starts where the other one stopped, noise and all; or in one that
   * starts from a clean latent with new noise.
   */
  swap: "joint" | "separate" | "vae";
  /** The step after whose first network call it takes over (`joint`), or that its own run begins with. */
  at: number;
  /** Whether the base model goes on with its patch where it takes over itself; else it does without. */
  keepsPatch?: true;
}>;

/**
 * What the pictures are made from; `picture` is the place of one in `inputs`, `working` the size number that the checkpoint draws
 * best at, `strength` how much of the schedule is walked, above 0 up to 1.
 */
export type Source = Readonly<
  | { kind: "noise" }
  /** A picture, at a size that the model draws well. */
  | { kind: "vary"; picture: number; working: number; strength: number }
  /**
   * A picture, larger by a factor: by the upscaling network among `parts`, or by Lanczos where there is none; alone (`direct`), or
   * diffused after that.
   */
  | {
      kind: "upscale";
      picture: number;
      working: number;
      factor: number;
      by: "network" | "lanczos";
      direct: boolean;
      strength: number;
    }
  | InpaintSource
>;

/** How pictures guide what is made, through ControlNets or as image prompts (pipeline section 12). */
export type Controls = Readonly<{
  uses: readonly ControlUse[];
  /** What is shown: what was made, or in its place the pictures as they were prepared for it. */
  show: "result" | "preparation";
  /** By how much ControlNets guide the outermost of the network's blocks less: 0 not at all, 1 wholly. */
  softness: number;
  /** Whether edges or structures are drawn of the pictures, and faces cut out; else they are such already. */
  prepare: boolean;
  /** Canny's thresholds. */
  canny: Readonly<{ low: number; high: number }>;
}>;

/** One of these pictures. */
export type ControlUse = Readonly<{
  /** Edges, or structures in grey, for a ControlNet; a picture or its face, spoken of beside the text. */
  kind: "canny" | "cpds" | "image" | "face";
  /** Its place in `inputs`. */
  picture: number;
  /**
   * The place of its ControlNet, or of its image-prompt adapter, among the `parts` of that kind; of no meaning where only
   * preparations are shown.
   */
  net: number;
  weight: number;
  /** The progress at which it ends: above 0, 1 never. */
  stop: number;
}>;

/** A picture of which a part is painted anew, or that goes on beyond its sides (pipeline section 11). */
export type InpaintSource = Readonly<{
  kind: "inpaint";
  /** The place of the picture in `inputs`, and of the mask, where there is one. */
  picture: number;
  mask?: number;
  /** By how many pixels the mask grows, or with a minus shrinks; and whether it is turned round then. */
  grow: number;
  invert: boolean;
  outpaint: Outpaint;
  /** How much of the picture around the hole is drawn with it: 0 little, 1 all of it. */
  field: number;
  /** How much of the schedule is walked. */
  strength: number;
  /** Starts from nothing in place of the picture. */
  startEmpty: boolean;
  working: number;
  /** What enlarges a part that is smaller than that, and whether to tell where it did. */
  enlarge: Readonly<{ by: "network" | "lanczos"; tell: boolean }>;
  /** What is shown: what was made, or in its place how the picture was prepared for it. */
  show: "result" | "preparation";
}>;

/** The sides of a picture that it goes on beyond, each by pixels, or null for a share of its length. */
export type Outpaint = Readonly<Partial<Record<"left" | "top" | "right" | "bottom", number | null>>>;

/** Seeds are below this. */
export const seedEnd = 2n ** 63n;

export type ImageSpec = Readonly<{
  /** 0 up to {@link seedEnd}. */
  seed: bigint;
  positive: PromptTexts;
  negative: PromptTexts;
  /**
   * A prompt that is expanded by its seed and then encoded behind the positive texts, beside the pooled vector; absent where
   * nothing is expanded.
   */
  expand?: string;
}>;

/** Texts that are encoded one by one and joined on the token axis; the first `topK` give the pooled vector. */
export type PromptTexts = Readonly<{ texts: readonly string[]; topK: number }>;

/** The sampler names of the contract (`enums.json`), in its order. */
export const samplerNames = [
  "euler",
  "euler_ancestral",
  "heun",
  "heunpp2",
  "dpm_2",
  "dpm_2_ancestral",
  "lms",
  "dpm_fast",
  "dpm_adaptive",
  "dpmpp_2s_ancestral",
  "dpmpp_sde",
  "dpmpp_sde_gpu",
  "dpmpp_2m",
  "dpmpp_2m_sde",
  "dpmpp_2m_sde_gpu",
  "dpmpp_3m_sde",
  "dpmpp_3m_sde_gpu",
  "ddpm",
  "lcm",
  "tcd",
  "restart",
  "ddim",
  "uni_pc",
  "uni_pc_bh2",
] as const;
export type SamplerName = (typeof samplerNames)[number];

/** The scheduler names of the contract, in its order. */
export const scheduleNames = [
  "normal",
  "karras",
  "exponential",
  "sgm_uniform",
  "simple",
  "ddim_uniform",
  "lcm",
  "turbo",
  "align_your_steps",
  "tcd",
  "edm_playground_v2.5",
] as const;
export type ScheduleName = (typeof scheduleNames)[number];
