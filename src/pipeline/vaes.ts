import type { Vae } from "#/runtime/vae.ts";
import { soleModel } from "#/sampling/sole-model.ts";
import type { Job } from "./job.ts";

/** Which of a job's two models walks a run alone, as they have latent spaces of their own; undefined where both have a part. */
export function soleIn(
  { recipe, networks }: Pick<Job, "recipe" | "networks">,
  denoise: number,
): "first" | "second" | undefined {
  const { refiner, steps } = recipe;
  if (refiner === null || networks.refiner?.family !== "sd-1") return undefined;
  return soleModel({ steps, at: refiner.at, denoise });
}

/** The VAE that makes the latent which a run starts from, and the one that reads what comes of it. */
export function vaesFor(
  job: Pick<Job, "recipe" | "networks">,
  denoise: number,
): Readonly<{ encoding: Vae; decoding: Vae }> {
  const { networks } = job;
  const { refiner } = networks;
  if (refiner?.family !== "sd-1") return { encoding: networks, decoding: networks };
  switch (soleIn(job, denoise)) {
    case "first":
      return { encoding: networks, decoding: networks };
    case "second":
      return { encoding: refiner.vae, decoding: refiner.vae };
    case undefined:
      return { encoding: networks, decoding: refiner.vae };
  }
}
