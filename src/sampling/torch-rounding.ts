/** Where in a table a value rounds otherwise: n is its entry n, n + 0.5 the point half-way to the next. */
type Places = Readonly<{ above: readonly number[]; below: readonly number[] }>;

/** The places of a table where torch's logarithm and exponential are one last bit above or below the nearest float32. */
export type TorchRounding = Readonly<{ logs: Places; exps: Places }>;

/**
 * What torch's float32 `log` and `exp` give where they are not the nearest float32. torch takes them from Intel's MKL,
 * whose answer depends on the processor: its general kernel, which AMD's processors get, misses these by one last bit; its
 * kernel for AVX-512 misses no logarithm, the one for AVX2 others. torch's own `ATEN_CPU_CAPABILITY` changes nothing. We
 * follow the general kernel.
 *
 * It decides pictures: many schedules ask for points half-way between two trained timesteps, and there the last bit says
 * which of the two the network is asked about. Entries are listed completely, half-way points where the bit decides.
 * Found by `scripts/golden/timesteps.py --rounding`, and with it all steps up to 1000 are torch's.
 */
export const scaledLinearRounding: TorchRounding = {
  logs: {
    above: [
      24, 46, 71, 106, 110, 125, 129.5, 132.5, 141.5, 181, 215, 218, 228, 251.5, 266.5, 275.5, 276, 296, 320,
      321, 334, 343, 392, 408, 411.5, 447, 449, 450, 455, 455.5, 456, 461, 462, 462.5, 468.5, 479, 490, 499,
      508.5, 509, 510, 537, 612, 614, 615.5, 619, 622.5, 632, 639, 643, 646.5, 665, 680, 684, 692, 706, 713,
      788, 789, 792.5, 803, 805, 806, 810, 815, 817, 817.5, 821, 831, 833, 838, 936, 961,
    ],
    below: [
      22, 26, 114, 116.5, 121, 126, 130, 193.5, 202.5, 209, 216, 222, 226, 247, 251, 381, 424, 491, 588.5,
      618, 630, 633, 633.5, 660, 678, 721, 784, 802, 872, 954, 991,
    ],
  },
  exps: {
    above: [699, 733.5, 786, 854],
    below: [25, 31, 382.5, 489.5, 515.5, 550.5, 696, 831.5, 887],
  },
};

/** The same for the fifty levels of distilled models. */
export const distilledRounding: TorchRounding = {
  logs: { above: [6.5, 22.5, 23, 24, 30, 31], below: [] },
  exps: { above: [34], below: [] },
};

/** The same for the table that is rescaled to zero terminal SNR. */
export const zeroTerminalSnrRounding: TorchRounding = {
  logs: {
    above: [
      8, 17, 44, 66, 78, 95, 104, 121.5, 196.5, 199.5, 214, 215, 226, 249, 252, 259, 262.5, 298, 306, 309,
      319, 388.5, 449, 450, 469.5, 471.5, 474, 475, 475.5, 476.5, 478, 550, 563, 570, 581, 600, 607.5, 621,
      636, 637, 638, 641, 661, 767, 781, 839, 856,
    ],
    below: [
      22, 25, 26, 79, 85, 86, 108, 121, 126.5, 143, 145.5, 193.5, 195, 198, 207, 213, 218, 219, 221, 231, 267,
      282.5, 355, 366, 403, 415, 423, 427, 433, 465, 471, 580.5, 582, 585.5, 591, 594.5, 617, 624, 633, 710,
      722, 795, 869, 871, 944,
    ],
  },
  exps: {
    above: [32.5, 242.5, 376.5, 531.5, 537.5, 555.5, 956, 967, 969, 971.5, 989],
    below: [674, 730, 957, 973.5],
  },
};

/** The float32 next to a normal one, above it (1) or below it (-1). */
function neighbour(value: number, direction: number): number {
  const float = Float32Array.of(value);
  new Int32Array(float.buffer)[0]! += value < 0 ? -direction : direction;
  return float[0]!;
}

const directionAt = ({ above, below }: Places, place: number): number =>
  above.includes(place) ? 1 : below.includes(place) ? -1 : 0;

/** A table's logarithms, and torch's `log` and `exp` around it. */
export type TorchLogs = Readonly<{
  table: Float32Array;
  log: (value: number) => number;
  exp: (value: number) => number;
}>;

/**
 * torch's float32 `log` and `exp` for a table of noise levels: the nearest float32, except at the places listed.
 *
 * @param sigmas rising
 */
export function torchLogs(sigmas: Float32Array, rounding: TorchRounding): TorchLogs {
  const logs = new Map<number, number>();
  const exps = new Map<number, number>();
  const note = (known: Map<number, number>, at: number, result: number, direction: number): void => {
    if (direction !== 0) known.set(at, neighbour(Math.fround(result), direction));
  };
  const log = (value: number): number => logs.get(value) ?? Math.fround(Math.log(value));
  const exp = (value: number): number => exps.get(value) ?? Math.fround(Math.exp(value));
  for (const [i, sigma] of sigmas.entries())
    note(logs, sigma, Math.log(sigma), directionAt(rounding.logs, i));
  const table = sigmas.map(log);
  for (const [i, value] of table.entries()) {
    note(exps, value, Math.exp(value), directionAt(rounding.exps, i));
    if (i + 1 === table.length) break;
    const middle = Math.fround(0.5 * value + 0.5 * table[i + 1]!);
    note(exps, middle, Math.exp(middle), directionAt(rounding.exps, i + 0.5));
    const sigma = exp(middle);
    note(logs, sigma, Math.log(sigma), directionAt(rounding.logs, i + 0.5));
  }
  return { table, log, exp };
}
