import type { Latent } from "../sampler.ts";

const sigmaSpace = 3;
const sigmaColour = 3;

/**
 * Joint bilateral filter (Tomasi & Manduchi 1998; Petschnigg et al. 2004): smooths one latent where another one, the
 * guide, is smooth. 13 x 13 taps, reflected borders; colour distance is the L1 norm over the channels of the guide,
 * which is normalised by its own mean and standard deviation first.
 *
 * @param values [1, C, h, w]
 * @param guide  [1, C, h, w]
 */
export function bilateralFilter(values: Latent, guide: Latent): Latent {
  const [, channels = 1, height = 1, width = 1] = values.dims;
  // Reflection needs more pixels than it mirrors, so tiny latents get a smaller window.
  const radius = Math.min(6, height - 1, width - 1);
  const taps = gaussianTaps(radius);
  const e = padReflect(values, radius);
  const g = padReflect({ dims: values.dims, data: normalised(guide.data) }, radius);
  const stride = width + 2 * radius;
  const plane = stride * (height + 2 * radius);
  const falloff = 1 / (2 * sigmaColour ** 2);
  const data = new Float32Array(values.data.length);
  const sums = new Float64Array(channels);

  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const centre = (y + radius) * stride + x + radius;
      sums.fill(0);
      let total = 0;
      for (let v = -radius; v <= radius; v += 1) {
        const tapY = taps[v + radius]!;
        const row = centre + v * stride;
        for (let u = -radius; u <= radius; u += 1) {
          let distance = 0;
          for (let c = 0, at = row + u, mid = centre; c < channels; c += 1, at += plane, mid += plane) {
            distance += Math.abs(g[at]! - g[mid]!);
          }
          const weight = tapY * taps[u + radius]! * Math.exp(-falloff * distance * distance);
          total += weight;
          for (let c = 0, at = row + u; c < channels; c += 1, at += plane) sums[c]! += weight * e[at]!;
        }
      }
      for (let c = 0; c < channels; c += 1) data[(c * height + y) * width + x] = sums[c]! / total;
    }
  }
  return { dims: values.dims, data };
}

function gaussianTaps(radius: number): Float64Array {
  const taps = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigmaSpace ** 2)),
  );
  const sum = taps.reduce((a, b) => a + b, 0);
  return taps.map((tap) => tap / sum);
}

/** Zero mean and unit deviation (N - 1) over all channels and pixels. */
function normalised(data: Float32Array): Float32Array {
  let sum = 0;
  for (const value of data) sum += value;
  const mean = sum / data.length;
  let squares = 0;
  for (const value of data) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / (data.length - 1)) + 1e-5;
  return data.map((value) => (value - mean) / deviation);
}

/** Mirrors the borders without repeating the edge pixel. */
function padReflect({ dims, data }: Latent, radius: number): Float32Array {
  const [, channels = 1, height = 1, width = 1] = dims;
  const outHeight = height + 2 * radius;
  const outWidth = width + 2 * radius;
  const mirrored = (i: number, size: number): number => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
  const out = new Float32Array(channels * outHeight * outWidth);
  for (let c = 0, at = 0; c < channels; c += 1) {
    for (let y = 0; y < outHeight; y += 1) {
      const row = (c * height + mirrored(y - radius, height)) * width;
      for (let x = 0; x < outWidth; x += 1, at += 1) out[at] = data[row + mirrored(x - radius, width)]!;
    }
  }
  return out;
}
