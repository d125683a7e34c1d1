import { basename } from "node:path";
import { weightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { type NetworkName, networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Checkpoint, NoiseSchedule, Prediction, WeightMap } from "#/weights/checkpoint.ts";
import { planJoin } from "#/weights/derived/join-plan.ts";
import { joinedLoras, noLoras } from "#/weights/derived/joined-loras.ts";
import { type SampledAs, sampledAs } from "#/weights/layouts/parameterisation.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { chooseVae } from "#/weights/layouts/vae.ts";
import { openWeights } from "#/weights/open-weights.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import { blameForText, blameForUnet, blameForVae, isNumbers } from "./blame.ts";
import type { DerivedFiles } from "./derived-files.ts";
import { type LoraUse, type Part, readLoras } from "./lora-set.ts";
import type { NetworkRequest, Residency } from "./residency.ts";
import type { IntTensor } from "./session.ts";

/** Real paths of what a job needs. */
export type ModelPaths = Readonly<{
  base: string;
  /** A VAE file, or the checkpoint's own. */
  vae?: string | undefined;
  /** What the file beside the checkpoint says of how it is sampled. */
  sampledAs?: SampledAs | undefined;
  loras: readonly Readonly<{ path: string; weight: number }>[];
}>;

/** What all jobs share: the provider's operators, what is open, and the files made of model files. */
export type Workshop = Readonly<{ operators: Operators; residency: Residency; derived: DerivedFiles }>;

/** Token ids [77] and where the end token is -> the encoder's answer. */
export type TextEncoder = (ids: readonly number[]) => Promise<Readonly<{ hidden: Tensor; pooled?: Tensor }>>;

/**
 * What a UNet is asked with: the scaled latent [1, 4, h, w], its timestep [1], the text's hidden states
 * [1, 77 n, 2048] and the ADM vector [1, 2816]. Inputs of further features have their own names.
 */
export type UnetInputs = Readonly<{ sample: Tensor; timestep: Tensor; context: Tensor; y: Tensor }> &
  Readonly<Record<string, Tensor>>;

/** One network call, with named inputs -> what the checkpoint predicts. */
export type Unet = (inputs: UnetInputs) => Promise<Tensor>;

/**
 * The networks of a job, each opened at its first use. Every answer is looked at: one that holds infinities or NaN is an
 * error that names the file, or the request's own value, that is to blame (`blame.ts`).
 */
export type Networks = Readonly<{
  prediction: Prediction;
  schedule: NoiseSchedule;
  /** Same key, same text embeddings: the checkpoint, the LoRAs and their weights, and clip skip. */
  textKey: string;
  textL: TextEncoder;
  textG: TextEncoder;
  unet: Unet;
  /** Latent in VAE space -> picture [1, 3, H, W], about -1 to 1 */
  decode: (latent: Tensor) => Promise<Tensor>;
  /** Picture [1, 3, H, W] from -1 to 1, sides multiples of 8 -> latent in VAE space */
  encode: (image: Tensor) => Promise<Tensor>;
}>;

const endToken = 49407;

/**
 * Reads the headers of a job's files and offers its networks. Nothing heavy happens here: sessions are opened by the
 * residency at their first call and stay for the next job.
 *
 * @throws ModelError if a file is not what it should be
 */
export function openNetworks(paths: ModelPaths, clipSkip: number, workshop: Workshop): Networks {
  const { checkpoint, vae } = checkpointOf(paths);
  const loras = readLoras(paths.loras, checkpoint);
  const run = runner(checkpoint, vae, loras, clipSkip, workshop);
  const text = async (
    part: "textL" | "textG",
    inputs: Inputs,
  ): Promise<Record<"hidden" | "pooled", Tensor | undefined>> => {
    const name = part === "textL" ? "text-l" : "text-g";
    const { hidden, pooled } = await run(name, inputs);
    if (isNumbers(hidden) && isNumbers(pooled)) return { hidden, pooled };
    const ask = async (changed: Inputs): Promise<Tensor> => {
      const again = await run(name, { ...inputs, ...changed });
      return isNumbers(again.pooled) ? present(again.hidden) : present(again.pooled);
    };
    throw await blameForText(part, ask, checkpoint, loras);
  };

  return {
    prediction: checkpoint.prediction,
    schedule: checkpoint.schedule,
    textKey: textKey(checkpoint, loras, clipSkip),
    textL: async (ids) => ({ hidden: present((await text("textL", { ids: idTensor(ids) })).hidden) }),
    textG: async (ids) => {
      const end = { dims: [1], data: BigInt64Array.of(BigInt(Math.max(0, ids.indexOf(endToken)))) };
      const { hidden, pooled } = await text("textG", { ids: idTensor(ids), end });
      return { hidden: present(hidden), pooled: present(pooled) };
    },
    unet: async (inputs) => {
      const ask = async (changed: Inputs = {}): Promise<Tensor> =>
        present((await run("unet", { ...inputs, ...changed })).prediction);
      const prediction = await ask();
      if (isNumbers(prediction)) return prediction;
      throw await blameForUnet({ inputs, ask, checkpoint, loras });
    },
    decode: async (latent) => {
      const image = present((await run("vae-decoder", { latent })).image);
      if (!isNumbers(image)) throw await blameForVae(vae, latent);
      return image;
    },
    encode: async (image) => {
      const latent = present((await run("vae-encoder", { image })).latent);
      if (!isNumbers(latent)) throw await blameForVae(vae, image);
      return latent;
    },
  };
}

type Inputs = Readonly<Record<string, Tensor | IntTensor>>;

/** Which part of a LoRA goes into a network; none into the VAE. */
const parts: Readonly<Record<NetworkName, Part | undefined>> = {
  unet: "unet",
  "text-l": "textL",
  "text-g": "textG",
  "vae-decoder": undefined,
  "vae-encoder": undefined,
};

/** Runs any of the networks with those LoRAs that have factors in it, and their strengths. */
function runner(
  checkpoint: Checkpoint,
  vae: Vae,
  loras: readonly LoraUse[],
  clipSkip: number,
  { operators, residency, derived }: Workshop,
) {
  const request = (name: NetworkName): NetworkRequest => {
    const part = parts[name];
    const tensors = part === undefined ? vae.tensors : checkpoint[part];
    const own = part === undefined ? vae.file : checkpoint;
    const attached = part === undefined ? [] : loras.filter(({ lora }) => lora[part].size > 0);
    const sources = attached.flatMap(({ lora }) => lora.files);
    const files = [{ path: own.path, stamp: own.stamp }, ...sources];
    const skip = name.startsWith("text") ? clipSkip : 0;
    return {
      key: [name, skip, ...files.map(({ path, stamp }) => `${path}:${stamp}`)].join("|"),
      name,
      files,
      draw: async () => {
        const inUse = (path: string): boolean => residency.isUsing(path);
        const branches = part === undefined ? [] : attached.map(({ lora }) => lora[part]);
        const joined =
          branches.length === 0
            ? noLoras
            : await derived.of(joinedLoras(planJoin(branches, tensors), sources), inUse);
        const mapped = await derived.mappable(tensors, own, inUse);
        return networks[name](clipSkip)(
          weightSource(`${basename(own.path)} (${name})`, mapped, joined),
          operators,
        );
      },
    };
  };
  return (name: NetworkName, inputs: Inputs): Promise<Readonly<Record<string, Tensor>>> => {
    const part = parts[name];
    const strengths =
      part === undefined
        ? []
        : loras.filter(({ lora }) => lora[part].size > 0).map(({ strength }) => strength);
    const data = Float32Array.from(strengths);
    const weighted = data.length === 0 ? {} : { lora_strengths: { dims: [data.length], data } };
    return residency.run(request(name), { ...weighted, ...inputs });
  };
}

/** Only LoRAs with factors in a text encoder change what it says. */
const textKey = ({ path, stamp }: Checkpoint, loras: readonly LoraUse[], clipSkip: number): string =>
  [
    path,
    stamp,
    clipSkip,
    ...loras
      .filter(({ lora }) => lora.textL.size + lora.textG.size > 0)
      .map(
        ({ lora, strength }) =>
          `${lora.files.map(({ path: own, stamp: at }) => own + at).join("+")}*${strength}`,
      ),
  ].join("|");

const idTensor = (ids: readonly number[]): IntTensor => ({
  dims: [1, ids.length],
  data: BigInt64Array.from(ids, BigInt),
});

function present(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new RangeError("The network lacks an output it declares.");
  return tensor;
}

/** Where a job's VAE lies. */
export type Vae = Readonly<{ file: FileStamp; tensors: WeightMap }>;

/** The job's checkpoint, sampled as the file beside it says, and its VAE or that of another file if one was chosen. */
function checkpointOf(paths: ModelPaths): Readonly<{ checkpoint: Checkpoint; vae: Vae }> {
  const own = sdxlCheckpoint(openWeights(paths.base));
  const file = paths.vae === undefined ? undefined : openWeights(paths.vae);
  const checkpoint = sampledAs(chooseVae(own, file), paths.sampledAs);
  return { checkpoint, vae: { file: file ?? checkpoint, tensors: checkpoint.vae } };
}
