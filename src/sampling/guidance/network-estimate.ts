import type { Tensor } from "#/tensor/tensor.ts";
import type { ModelSampling } from "../model-sampling.ts";
import { combine, type Denoise } from "../sampler.ts";
import type { Contribute, NamedTensors } from "./inputs.ts";

/** What every network that denoises is asked with: the scaled latent [1, 4, h, w] and its timestep [1]. */
export type OwnInputs = Readonly<{ sample: Tensor; timestep: Tensor }>;

/**
 * The estimate of the clean latent by one network run: x is scaled, the noise level is told as a timestep, and the answer
 * is read as the checkpoint means it.
 *
 * @param run        the network, by the names of its inputs
 * @param contribute what it is told besides
 */
export function networkEstimate<Inputs extends NamedTensors>(
  run: (inputs: OwnInputs & Inputs) => Promise<Tensor>,
  model: Pick<ModelSampling, "timestep" | "inputScale" | "denoised">,
  contribute: Contribute<Inputs>,
): Denoise {
  return async (x, sigma) => {
    const timestep = model.timestep(sigma);
    const sample = combine([model.inputScale(sigma), x]);
    const inputs = await contribute({ sample, timestep, sigma });
    const output = await run({ sample, timestep: { dims: [1], data: Float32Array.of(timestep) }, ...inputs });
    return model.denoised(x, output, sigma);
  };
}
