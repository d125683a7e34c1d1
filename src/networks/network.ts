import type { Graph } from "#/graph/graph.ts";
import type { WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import type { OwnFileKind, PartSource } from "#/weights/layouts/part-source.ts";
import type { Part as LoraPart } from "#/weights/lora/targets.ts";
import type { EightBits } from "./eight-bits.ts";

/** What a job may ask of the drawing of its networks, beside files and LoRAs. */
export type Features = Readonly<{
  /** Which hidden state the text encoders answer with: 1 = after the last layer, 2 = before it */
  clipSkip: number;
  /** Whether the denoising network has FreeU in it, and with it an input `freeu`; left out is not. */
  freeU?: boolean;
  /** Whether networks that have layers in 8 bits are drawn with these; left out is not. */
  fast?: boolean;
  /** Whether a UNet is told keys and values of the text, made before, instead of the text itself; left out is not. */
  textKeys?: boolean;
}> &
  /** Which files of their own the job names: a network may be drawn otherwise where another one feeds it. */
  Readonly<Partial<Record<OwnFileKind, boolean>>>;

/**
 * What an input carries. It says how it is fed (tokens and positions as int64, all else as float32), and who is asked
 * first when it holds no numbers: the sampler for latents and pictures, the text encoders for text and ADM vectors.
 */
export type Carried =
  | "tokens"
  | "position"
  | "vectors"
  | "mask"
  | "memory"
  | "latent"
  | "picture"
  | "timestep"
  | "text"
  | "adm"
  | "boxes";

/** A network as it declares itself, in a file of its own; `index.ts` is the table of them. */
export type Network<
  Inputs extends Readonly<Record<string, Carried>> = Readonly<Record<string, Carried>>,
  Output extends string = string,
> = Readonly<{
  /** For keys, logs and messages; its name in the table too. */
  name: string;
  /** For messages: `its UNet`. */
  title: string;
  /** Which kind of file its tensors lie in, in which part of it, and by which names they are known there. */
  from: PartSource;
  /** Which part of a LoRA changes it. */
  loras: LoraPart | undefined;
  /** Whether an inpaint patch changes its weights; left out is not. */
  patched?: true;
  /**
   * Which features its graph depends on. What is open is known by these, by the network's name, by its file and by the set
   * of LoRAs that have factors in it, files with their stamps.
   */
  keyedBy: readonly (keyof Features)[];
  /**
   * Its weights are copied, in float32 and in the order that the kernels like best, wherever the others' are mapped: for one
   * that is small and computes much. Left out is not.
   */
  packed?: boolean;
  /** Its layers in 8 bits, of which a job with precision fast has those that it leaves as they are; left out are none. */
  eightBits?: EightBits;
  inputs: Inputs;
  outputs: readonly Output[];
  /** @throws ModelError `weight-missing` or `weight-shape` naming the key */
  draw: (source: WeightSource, operators: Operators, features: Features) => Graph;
  /** What proves it: its listing in `test/golden/listings`, and answers in `test/golden/networks.safetensors`. */
  goldens: Readonly<{ listing: string; answers: readonly string[] }>;
}>;
