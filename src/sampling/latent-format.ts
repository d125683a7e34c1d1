import { combine, type Latent } from "./sampler.ts";

/** How the VAE's space and the sampler's belong together. Latents are [1, 4, h, w] in both. */
export type LatentFormat = Readonly<{
  toSampler: (latent: Latent) => Latent;
  toVae: (x: Latent) => Latent;
  /** The same latent in SDXL's own sampler space, which colours of previews are given for. */
  toSdxl: (x: Latent) => Latent;
  /** Colours of previews of its own: red, green and blue of one unit of each channel, and last of none. */
  colours?: readonly (readonly number[])[];
}>;

/** SDXL: sampler space is VAE space times this. */
const latentScale = 0.13025;

/** SDXL's: one factor. */
export const sdxlLatents: LatentFormat = {
  toSampler: (latent) => combine([latentScale, latent]),
  toVae: (x) => combine([1 / latentScale, x]),
  toSdxl: (x) => x,
};

const sd1Scale = 0.18215;

/** Stable Diffusion 1.x': one factor, and a space of its own. */
export const sd1Latents: LatentFormat = {
  toSampler: (latent) => combine([sd1Scale, latent]),
  toVae: (x) => combine([1 / sd1Scale, x]),
  toSdxl: (x) => x,
  colours: [
    [0.3512, 0.2297, 0.3227],
    [0.325, 0.4974, 0.235],
    [-0.2829, 0.1762, 0.2721],
    [-0.212, -0.2616, -0.7177],
    [0, 0, 0],
  ],
};

/** Mean and deviation of each of the VAE's channels over Playground 2.5's training images, and the deviation they get. */
const means = [-1.6574, 1.886, -1.383, 2.5155];
const deviations = [8.4927, 5.9022, 6.5498, 5.2299];
const deviation = 0.5;

/** Playground 2.5's: each channel has the mean 0 and the deviation that EDM expects of data (Karras et al. 2022). */
export const playgroundLatents: LatentFormat = {
  toSampler: (latent) => channelwise(latent, (z, c) => ((z - means[c]!) * deviation) / deviations[c]!),
  toVae: playgroundToVae,
  toSdxl: (x) => sdxlLatents.toSampler(playgroundToVae(x)),
};

function playgroundToVae(x: Latent): Latent {
  return channelwise(x, (value, c) => (value * deviations[c]!) / deviation + means[c]!);
}

function channelwise({ dims, data }: Latent, map: (value: number, channel: number) => number): Latent {
  const plane = data.length / means.length;
  return { dims, data: data.map((value, at) => map(value, Math.floor(at / plane))) };
}
