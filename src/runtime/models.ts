import { weightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { type NetworkName, networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Checkpoint, NoiseSchedule, Prediction, WeightMap } from "#/weights/checkpoint.ts";
import { type SampledAs, sampledAs } from "#/weights/layouts/parameterisation.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { chooseVae } from "#/weights/layouts/vae.ts";
import { type Lora, type LoraBranches, mergeBranches, readLora } from "#/weights/lora.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import type { Residency } from "./residency.ts";
import type { Session } from "./session.ts";

/** Real paths of what a job needs. */
export type ModelPaths = Readonly<{
  base: string;
  /** A VAE file, or the checkpoint's own. */
  vae?: string | undefined;
  /** What the file beside the checkpoint says of how it is sampled. */
  sampledAs?: SampledAs | undefined;
  loras: readonly Readonly<{ path: string; weight: number }>[];
}>;

/** Token ids [77] and where the end token is -> the encoder's answer. */
export type TextEncoder = (ids: readonly number[]) => Promise<Readonly<{ hidden: Tensor; pooled?: Tensor }>>;

/** One network call: the scaled latent, its timestep, the text and the ADM vector -> what the checkpoint predicts. */
export type Unet = (x: Tensor, timestep: number, context: Tensor, y: Tensor) => Promise<Tensor>;

/** The networks of a job, each opened at its first use. */
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
export function openNetworks(
  paths: ModelPaths,
  clipSkip: number,
  operators: Operators,
  residency: Residency,
): Networks {
  const checkpoint = checkpointOf(paths);
  const loras = paths.loras.map(({ path }, index) => readLora(path, checkpoint, index));
  const { open, strengthsOf } = opener(paths, clipSkip, checkpoint, loras, operators, residency);

  return {
    prediction: checkpoint.prediction,
    schedule: checkpoint.schedule,
    textKey: [
      checkpoint.path,
      checkpoint.stamp,
      clipSkip,
      ...paths.loras.map((l, i) => `${l.path}${loras[i]?.stamp}*${l.weight}`),
    ].join("|"),
    textL: async (ids) => {
      const session = await open("text-l", checkpoint.textL, (lora) => lora.textL);
      const { hidden } = await session.run({ ids: idTensor(ids), ...strengthsOf((lora) => lora.textL) });
      return { hidden: present(hidden) };
    },
    textG: async (ids) => {
      const session = await open("text-g", checkpoint.textG, (lora) => lora.textG);
      const end = { dims: [1], data: BigInt64Array.of(BigInt(Math.max(0, ids.indexOf(endToken)))) };
      const { hidden, pooled } = await session.run({
        ids: idTensor(ids),
        end,
        ...strengthsOf((lora) => lora.textG),
      });
      return { hidden: present(hidden), pooled: present(pooled) };
    },
    unet: async (x, timestep, context, y) => {
      const session = await open("unet", checkpoint.unet, (lora) => lora.unet);
      const { prediction } = await session.run({
        sample: x,
        timestep: { dims: [1], data: Float32Array.of(timestep) },
        context,
        y,
        ...strengthsOf((lora) => lora.unet),
      });
      return present(prediction);
    },
    decode: async (latent) => {
      const session = await open("vae-decoder", checkpoint.vae);
      return present((await session.run({ latent })).image);
    },
    encode: async (image) => {
      const session = await open("vae-encoder", checkpoint.vae);
      return present((await session.run({ image })).latent);
    },
  };
}

/** Any of the networks with the branches of those LoRAs that have some in it, and the strengths to feed to it. */
function opener(
  paths: ModelPaths,
  clipSkip: number,
  checkpoint: Checkpoint,
  loras: readonly Lora[],
  operators: Operators,
  residency: Residency,
) {
  const strengths = strengthInputs(paths);
  const open = (
    name: NetworkName,
    tensors: WeightMap,
    part?: (lora: Lora) => LoraBranches,
  ): Promise<Session> => {
    // The place in the list is part of the key: the strength inputs are numbered by it.
    const used = loras.flatMap((lora, index) =>
      part !== undefined && part(lora).size > 0 ? [`${index}:${lora.path}:${lora.stamp}`] : [],
    );
    const skip = name.startsWith("text") ? clipSkip : 0;
    const vae = name.startsWith("vae") ? (paths.vae ?? "") : "";
    const key = [name, checkpoint.path, checkpoint.stamp, vae, skip, ...used].join("|");
    const title = `${vae === "" ? checkpoint.path : vae} (${name})`;
    return residency.session(key, name, () => {
      const branches = mergeBranches(part === undefined ? [] : loras.map(part));
      return networks[name](clipSkip)(weightSource(title, tensors, branches), operators);
    });
  };
  const strengthsOf = (part: (lora: Lora) => LoraBranches): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries(strengths).filter((_, index) => (loras[index] ? part(loras[index]).size > 0 : false)),
    );
  return { open, strengthsOf };
}

const idTensor = (ids: readonly number[]) => ({
  dims: [1, ids.length],
  data: BigInt64Array.from(ids, BigInt),
});

/** One scalar a LoRA; the graph declares those that have a branch in it. */
const strengthInputs = (paths: ModelPaths): Record<string, Tensor> =>
  Object.fromEntries(
    paths.loras.map(({ weight }, index) => [
      `lora_strength_${index}`,
      { dims: [1], data: Float32Array.of(weight) },
    ]),
  );

function present(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new RangeError("The network lacks an output it declares.");
  return tensor;
}

/** The job's checkpoint with the VAE of another file if one was chosen, sampled as the file beside it says. */
function checkpointOf({ base, vae, sampledAs: said }: ModelPaths): Checkpoint {
  const own = sdxlCheckpoint(readSafetensors(base));
  return sampledAs(chooseVae(own, vae === undefined ? undefined : readSafetensors(vae)), said);
}
