import { BugError } from "#/lib/errors.ts";
import { networks, sd1Networks } from "#/networks/index.ts";
import type { Features, Network } from "#/networks/network.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { NoiseSchedule, Prediction, WeightMap } from "#/weights/checkpoint.ts";
import { textWidth } from "#/weights/layouts/refiner.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { askerOf } from "./ask.ts";
import type { JobFiles } from "./job-files.ts";
import { type JobNetwork, jobNetwork, type Workshop } from "./job-network.ts";
import type { Unet } from "./models.ts";
import type { JobRequest } from "./open-network.ts";
import { type TellTexts, unetOf } from "./told-texts.ts";
import { type Vae, vaeOf } from "./vae.ts";

/** As {@link Unet}, of a network that is told no sizes. */
export type UnetWithoutSizes = (
  inputs: Readonly<{ sample: Tensor; timestep: Tensor; context: Tensor }>,
) => Promise<Tensor>;

/** What of a refiner's model is asked. */
export type RefinerNetworks = Readonly<{
  prediction: Prediction;
  schedule: NoiseSchedule;
  /** How wide the text is that it reads. */
  textWidth: number;
}> &
  (
    | Readonly<{ family: "sdxl-base" | "sdxl-refiner"; unet: Unet; tellTexts: TellTexts }>
    | Readonly<{
        family: "sd-1";
        unet: UnetWithoutSizes;
        /** Weight and bias of the norm at the end of the base model's text encoder L. */
        textNorm: Readonly<{ weight: Float32Array; bias: Float32Array }>;
        /** Latent in the base model's VAE space -> in its own */
        convert: (latent: Tensor) => Promise<Tensor>;
        /** What it has refined is in its own space of latents, which its own VAE reads. */
        vae: Vae;
      }>
  );

/**
 * The base model's own network takes over from the one that is patched for a hole: without the patch, FreeU, ControlNets and
 * image prompts.
 */
function unpatched(files: JobFiles, features: Features, workshop: Workshop): Taking {
  const { family, prediction, schedule, unet } = files.checkpoint;
  if (family !== "sdxl-base") throw new BugError("A job's own checkpoint is SDXL's base.");
  const { requests, ...told } = unetOf(
    { ...files, patch: undefined },
    { ...features, freeU: false, inpaint: false, controlnet: false, ip_adapter: false },
    workshop,
  );
  const asked = { family, prediction, schedule, textWidth: textWidth(unet), ...told } as const;
  return { asked, requests: requests() };
}

type Taking = Readonly<{ asked: RefinerNetworks; requests: readonly JobRequest[] }>;

/** The networks of the model that takes over, and the requests by which they are open. */
export function refinerOf(files: JobFiles, features: Features, workshop: Workshop): Taking | undefined {
  const { refiner, checkpoint: base } = files;
  if (refiner === undefined) return files.patch && unpatched(files, features, workshop);
  // FreeU ends with the base model.
  const inRefiner = (network: Network): JobNetwork =>
    jobNetwork(network, refiner, { ...features, freeU: false }, workshop);
  const ask = askerOf(inRefiner, workshop.residency);
  const { family, prediction, schedule, unet } = refiner.checkpoint;
  const shared = { prediction, schedule, textWidth: textWidth(unet) };
  if (family !== "sd-1") {
    const { requests, ...told } = unetOf(refiner, { ...features, freeU: false }, workshop);
    return { asked: { ...shared, family, ...told }, requests: requests() };
  }
  const between = (network: Network): JobNetwork =>
    jobNetwork(network, { ...files, locate: refiner.interposer }, features, workshop);
  const askBetween = askerOf(between, workshop.residency);
  const asked: RefinerNetworks = {
    ...shared,
    family,
    textNorm: finalNorm(base.textL),
    unet: async (inputs) => (await ask(sd1Networks["unet-sd1"], inputs)).prediction,
    vae: vaeOf(ask, refiner, workshop),
    convert: async (latent) => (await askBetween(sd1Networks.interposer, { latent })).converted,
  };
  const requests = [
    inRefiner(sd1Networks["unet-sd1"]),
    inRefiner(networks["vae-decoder"]),
    between(sd1Networks.interposer),
  ];
  return { asked, requests: requests.map(({ request }) => request) };
}

function finalNorm(textL: WeightMap): Readonly<{ weight: Float32Array; bias: Float32Array }> {
  const [weight, bias] = (["weight", "bias"] as const).map((name) => {
    const ref = textL.get(`final_layer_norm.${name}`);
    return ref === undefined ? new Float32Array() : readWeight(ref);
  });
  return { weight: weight ?? new Float32Array(), bias: bias ?? new Float32Array() };
}
