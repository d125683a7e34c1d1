import type { Latent } from "../sampler.ts";

/**
 * Noise whose mean over the channels is, at each place, that of another latent.
 *
 * @param noise [1, C, h, w]
 * @param like  [1, C, h, w]
 */
export function withChannelMean(noise: Latent, like: Latent): Latent {
  const [, channels = 1] = noise.dims;
  const plane = noise.data.length / channels;
  const data = new Float32Array(noise.data.length);
  for (let at = 0; at < plane; at += 1) {
    let difference = 0;
    for (let c = 0; c < channels; c += 1)
      difference += like.data[c * plane + at]! - noise.data[c * plane + at]!;
    for (let c = 0; c < channels; c += 1)
      data[c * plane + at] = noise.data[c * plane + at]! + difference / channels;
  }
  return { dims: noise.dims, data };
}
