import type { Latent } from "#/sampling/sampler.ts";
import { zeros } from "#/tensor/tensor.ts";
import type { Job } from "../job.ts";

/** The latent a run starts from, before noise: empty for text-to-image. VAE space, [1, 4, h, w]. */
export async function startLatent({ recipe }: Job): Promise<Latent> {
  const { source, size } = recipe;
  switch (source.kind) {
    case "noise":
      return zeros([1, 4, Math.floor(size.height / 8), Math.floor(size.width / 8)]);
  }
}
