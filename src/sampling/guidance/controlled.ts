import type { Tensor } from "#/tensor/tensor.ts";
import type { ModelSampling } from "../model-sampling.ts";
import type { Contribute, NamedTensors, NetworkCall } from "./inputs.ts";

/** What adds to the features of a network in the calls that it guides. */
export type Control = Readonly<{
  /** For each place, from the first to the innermost. */
  residuals: (call: NetworkCall) => Promise<readonly Tensor[]>;
  weight: number;
  /** The progress at which it ends; 1 is never. */
  stop: number;
}>;

/** A number that is added where nothing guides: it is broadcast. */
const nothing: Tensor = { dims: [1, 1, 1, 1], data: new Float32Array(1) };

/**
 * What all controls together add at each place of the denoising network, as its inputs `control_0` ...: those of which the call's
 * noise level has not reached the end, each times its weight and, by softness, the less the further out the place is.
 *
 * @param places   how many there are
 * @param softness 0 to 1; the outermost counts 1 - softness, the innermost 1
 */
export function controlInput(
  controls: readonly Control[],
  { places, softness }: Readonly<{ places: number; softness: number }>,
  sampling: Pick<ModelSampling, "sigmaOf">,
): Contribute {
  const ends = controls.map(({ stop }) => controlEnd(stop, sampling));
  return async (call) => {
    const sums: (Tensor | undefined)[] = Array.from({ length: places });
    for (const [index, { residuals, weight }] of controls.entries()) {
      if (call.sigma < (ends[index] ?? 0)) continue;
      for (const [place, residual] of (await residuals(call)).entries()) {
        const factor = weight * (1 - softness * (1 - place / (places - 1)));
        sums[place] = added(sums[place], residual, factor);
      }
    }
    return named(sums);
  };
}

/** The level below which a control that ends at a progress adds nothing. */
export const controlEnd = (stop: number, sampling: Pick<ModelSampling, "sigmaOf">): number =>
  stop >= 1 ? 0 : sampling.sigmaOf(stop);

const named = (sums: readonly (Tensor | undefined)[]): NamedTensors =>
  Object.fromEntries(sums.map((sum, place) => [`control_${place}`, sum ?? nothing]));

/** sum + factor · x; the memory of x, which nobody else reads, is written over. */
function added(sum: Tensor | undefined, { dims, data }: Tensor, factor: number): Tensor {
  if (sum === undefined) {
    if (factor !== 1) for (let i = 0; i < data.length; i += 1) data[i]! *= factor;
  } else for (let i = 0; i < data.length; i += 1) data[i] = sum.data[i]! + factor * data[i]!;
  return { dims, data };
}
