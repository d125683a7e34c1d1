/**
 * How a latent looks: red, green and blue, -1 to 1, of one unit of each of its four channels, and last of no channel at
 * all. A linear fit of the decoder, good enough to watch a picture come.
 */
export type LatentColours = readonly (readonly [red: number, green: number, blue: number])[];

/** SDXL's VAE. A checkpoint with a latent space of its own says so in its file (`catalog/sidecar.ts`). */
export const sdxlLatentColours: LatentColours = [
  [0.392, 0.4054, 0.4549],
  [-0.2634, -0.0196, 0.0653],
  [0.0568, 0.1687, -0.0755],
  [-0.3112, -0.2359, -0.2076],
  [0, 0, 0],
];
