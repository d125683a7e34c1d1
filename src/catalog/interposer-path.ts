import { interposerName } from "#/weights/layouts/interposer.ts";

/**
 * Where the network between the latents of SDXL and of Stable Diffusion 1.x lies.
 *
 * @param find looks for a name in the vae_approx folder
 */
export const interposerPath = (find: (name: string) => string | undefined): string | undefined =>
  find(interposerName);
