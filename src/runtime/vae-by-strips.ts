import { basename } from "node:path";
import { weightSource } from "#/graph/module.ts";
import { networks } from "#/networks/index.ts";
import { decoderSteps, encoderSteps } from "#/networks/vae-steps.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { blame } from "./blame.ts";
import type { ModelParts } from "./job-files.ts";
import { jobNetwork, type Workshop } from "./job-network.ts";
import { type WalkEvent, walkStrips } from "./strips/walk.ts";

/**
 * A half of the VAE strip by strip, in memory that is bounded: [1, C, H, W] -> the same numbers as in one piece, but for the
 * order of sums. Says before each strip how far it is, and last what came of it.
 */
export type ByStrips = (input: Tensor) => AsyncIterable<WalkEvent>;

const halves = {
  "vae-decoder": { network: networks["vae-decoder"], input: "latent", steps: decoderSteps },
  "vae-encoder": { network: networks["vae-encoder"], input: "image", steps: encoderSteps },
} as const;

/**
 * A half of a job's VAE, to be walked through.
 *
 * @throws ModelError or EngineError as a network that is asked
 */
export function vaeByStrips(
  half: keyof typeof halves,
  files: Pick<ModelParts, "loras" | "locate">,
  workshop: Workshop,
): ByStrips {
  const { network, input: name, steps } = halves[half];
  return (input) => {
    const located = files.locate(network.from);
    const source = weightSource(`${basename(located.file.path)} (${network.name})`, located.tensors);
    const inputs = { [name]: input };
    // Nothing of a VAE is a LoRA's or a text's, so no trial is asked for.
    const answersNumbers = async (): Promise<boolean> => false;
    return walkStrips(input, {
      steps: steps(source),
      open: (draw) => {
        // Its graph depends on no features.
        const { request } = jobNetwork({ ...network, draw }, files, { clipSkip: 1 }, workshop);
        return workshop.residency.openOnce(request);
      },
      broken: () => blame({ network, inputs, located, loras: [], answersNumbers }),
    });
  };
}
