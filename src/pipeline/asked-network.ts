import type { Contribute, NamedTensors } from "#/sampling/guidance/inputs.ts";
import { networkEstimate, type OwnInputs } from "#/sampling/guidance/network-estimate.ts";
import { pairedEstimate } from "#/sampling/guidance/paired.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { DenoisingModel, Side } from "./denoiser.ts";

/**
 * The ways in which a denoising network is asked: under one side's text, and under both.
 *
 * @param run     the network, by the names of its inputs
 * @param toldFor what it is told under a side's text
 */
export const asked = <Inputs extends NamedTensors>(
  run: (inputs: OwnInputs & Inputs) => Promise<Tensor>,
  sampling: ModelSampling,
  toldFor: (side: Side) => Contribute<Inputs>,
): Pick<DenoisingModel, "estimate" | "both"> => ({
  estimate: (side) => networkEstimate(run, sampling, toldFor(side)),
  both: (between) =>
    pairedEstimate(run, sampling, { positive: toldFor("positive"), negative: toldFor("negative") }, between),
});
