import { sdxlLatentColours } from "./latent-colours.ts";
import type { Previews } from "./recipe.ts";
import type { World } from "./resolve.ts";

/** Names of files that previews are made with, best choice first: the reference's own costs next to nothing. */
const names: readonly RegExp[] = [
  /(^|\/)xlvaeapp\.(pth|pt|safetensors)$/i,
  /(^|\/)taesdxl(_decoder)?\.(safetensors|pth|pt|bin)$/i,
  /(^|\/)taesdxl\/diffusion_pytorch_model\.(safetensors|bin)$/i,
];

/** How previews of a checkpoint's latents are made. A latent space of its own is one that no network there knows. */
export function choosePreviews(checkpoint: string, world: Pick<World, "sidecar" | "previewFiles">): Previews {
  const own = world.sidecar(checkpoint).latent_colours;
  if (own !== undefined) return { by: "colours", colours: own };
  const files = world.previewFiles ?? [];
  const file = names.flatMap((name) => files.filter((candidate) => name.test(candidate)))[0];
  const colours = sdxlLatentColours;
  return file === undefined ? { by: "colours", colours } : { by: "network", file, colours };
}
