import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { OwnFile } from "./part-source.ts";

/** Fooocus' file in the vae_approx folder. */
export const interposerName = "xl-to-v1_interposer-v4.0.safetensors";

/** Counters of training. */
const leftover = /num_batches_tracked$/;

/** The network between the latents of SDXL and of Stable Diffusion 1.x, a file of its own. */
export const interposerFile: OwnFile = {
  kind: "vae_approx",
  prefixes: [""],
  knownBy: "head.short.weight",
  read: (file) => {
    const { path, tensors } = file;
    if (!tensors.has("head.short.weight") || !tensors.has("tail.weight")) {
      const message = `${basename(path)} is not version 4 of the latent interposer from SDXL to Stable Diffusion 1.x.`;
      throw new ModelError("layout-unsupported", message, { path });
    }
    return { tensors: new Map([...tensors].filter(([key]) => !leftover.test(key))), notes: [] };
  },
  missing: `is refined by Stable Diffusion 1.x, which needs ${interposerName} in the vae_approx folder.`,
};
