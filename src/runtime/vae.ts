import { networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Ask } from "./ask.ts";
import type { ModelParts } from "./job-files.ts";
import type { Workshop } from "./job-network.ts";
import { type ByStrips, vaeByStrips } from "./vae-by-strips.ts";

/** Both halves of a VAE. */
export type Vae = Readonly<{
  /** Latent in VAE space -> picture [1, 3, H, W], about -1 to 1 */
  decode: (latent: Tensor) => Promise<Tensor>;
  /** Picture [1, 3, H, W] from -1 to 1, sides multiples of 8 -> latent in VAE space */
  encode: (image: Tensor) => Promise<Tensor>;
  /** As `decode` and `encode`, for pictures whose features are too large to have them at once. */
  decodeByStrips: ByStrips;
  encodeByStrips: ByStrips;
}>;

/** The VAE of a model's files. */
export const vaeOf = (ask: Ask, files: Pick<ModelParts, "loras" | "locate">, workshop: Workshop): Vae => ({
  decode: async (latent) => (await ask(networks["vae-decoder"], { latent })).image,
  encode: async (image) => (await ask(networks["vae-encoder"], { image })).latent,
  decodeByStrips: vaeByStrips("vae-decoder", files, workshop),
  encodeByStrips: vaeByStrips("vae-encoder", files, workshop),
});
