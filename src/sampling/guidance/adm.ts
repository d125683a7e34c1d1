import type { Tensor } from "#/tensor/tensor.ts";

const width = 256;
const half = width / 2;

/** How the original-size numbers are exaggerated at the start of a run. */
export type AdmScaling = Readonly<{
  /** Factor on height and width: above 1 on the positive side, below on the negative. */
  scale: number;
  /** Progress (0 to 1) from which the plain numbers are used. */
  end: number;
}>;

/** Half to even, as Python rounds. */
const roundEven = (value: number): number => {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
};

/**
 * SDXL's size conditioning (Podell et al. 2023, section 2.2) with Fooocus' timing: the pooled text, then height and
 * width of the original, top and left of the crop, height and width of the target, each in 256 sinusoids. Early in the
 * run the original is said to be larger (or smaller) than it is; later original and target are the same.
 *
 * @param pooled [1, P]
 * @param size   pixels of the latent that is sampled
 * @returns the vector [1, P + 1536] for a timestep
 */
export function admVector(
  pooled: Tensor,
  size: Readonly<{ width: number; height: number }>,
  { scale, end }: AdmScaling,
): (timestep: number) => Tensor {
  const target = [roundEven(size.height / 64) * 64, roundEven(size.width / 64) * 64];
  const original = [Math.trunc(size.height * scale), Math.trunc(size.width * scale)];
  const emphasised = joined(pooled, [...original, 0, 0, ...target]);
  const plain = joined(pooled, [...target, 0, 0, ...target]);
  return (timestep) => (isEmphasised(timestep, end) ? emphasised : plain);
}

/** Whether the sizes are exaggerated at a timestep. */
export const isEmphasised = (timestep: number, end: AdmScaling["end"]): boolean =>
  // Compared in float32, as torch does: a third of 999 would otherwise lie above or below 333 by its last bit.
  timestep > Math.fround(999 * (1 - end));

/**
 * The SDXL refiner's conditioning (Podell et al. 2023, section 2.5): the pooled text, height and width, top and left of the
 * crop, and an aesthetic score, each in 256 sinusoids; the same at every timestep.
 *
 * @param pooled [1, P]
 * @param size   pixels of the latent that is sampled
 * @returns the vector [1, P + 1280] for a timestep
 */
export function refinerVector(
  pooled: Tensor,
  size: Readonly<{ width: number; height: number }>,
  score: number,
): (timestep: number) => Tensor {
  const vector = joined(pooled, [size.height, size.width, 0, 0, score]);
  return () => vector;
}

function joined(pooled: Tensor, numbers: readonly number[]): Tensor {
  const length = pooled.data.length;
  const data = new Float32Array(length + numbers.length * width);
  data.set(pooled.data);
  for (const [i, value] of numbers.entries()) data.set(sinusoids(value), length + i * width);
  return { dims: [1, data.length], data };
}

/** Cosines, then sines, of a number at 128 frequencies from 1 down to 1/10000. */
function sinusoids(value: number): Float32Array {
  const data = new Float32Array(width);
  for (let i = 0; i < half; i += 1) {
    const angle = Math.fround(value * Math.fround(Math.exp(Math.fround((-Math.log(10000) * i) / half))));
    data[i] = Math.cos(angle);
    data[i + half] = Math.sin(angle);
  }
  return data;
}
