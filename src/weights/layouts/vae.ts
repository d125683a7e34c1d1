import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type Checkpoint, type WeightMap } from "../checkpoint.ts";
import type { SafetensorsFile } from "../safetensors.ts";
import { refuseUnfinished } from "../tail.ts";
import { renameDiffusersVae } from "./diffusers-vae.ts";
import { recogniseForeign } from "./foreign.ts";
import { neededVae } from "./names/vae.ts";
import { locatePart, type OwnFile, type PartSource } from "./part-source.ts";
import { checkpointParts } from "./parts.ts";
import { withScales } from "./scaled.ts";
import { checkPart, counted, type Part, unknownNames } from "./whole.ts";

/** Channels of SDXL's latent. */
const latentChannels = 4;

/** A VAE in a file of its own: LDM's names, bare or below a prefix, or diffusers' names. */
const vaeFile: OwnFile = {
  kind: "vae",
  prefixes: [checkpointParts.vae.prefix, "vae.", ""],
  knownBy: "decoder.conv_in.weight",
  read: (file) => {
    const { vae: tensors, notes } = vaeTensors(file);
    return { tensors, notes };
  },
  missing: "has no VAE inside: choose a file of the vae folder in vae_name.",
};

/** Where the VAE lies. */
export const vaeSource = { checkpoint: checkpointParts.vae, ownFile: vaeFile } as const satisfies PartSource;

/**
 * The checkpoint with the VAE that its pictures are decoded with: the one of another file, or its own.
 *
 * @param file a VAE file that was chosen instead of the checkpoint's own
 * @throws ModelError `weight-missing` where the checkpoint has none and none was chosen, else as {@link vaeTensors}
 */
export function chooseVae(checkpoint: Checkpoint, file: SafetensorsFile | undefined): Checkpoint {
  const { tensors: vae, notes } = locatePart(vaeSource, checkpoint, file);
  return file === undefined ? checkpoint : { ...checkpoint, vae, notes: [...checkpoint.notes, ...notes] };
}

/**
 * The VAE of a {@link vaeFile}.
 *
 * @returns LDM names as in {@link Checkpoint}, and what of the file is not used
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors
 */
export function vaeTensors(file: SafetensorsFile): Pick<Checkpoint, "vae" | "notes"> {
  const { path } = file;
  const known = vaeFile.prefixes.find((candidate) => file.tensors.has(candidate + vaeFile.knownBy));
  const prefix = known ?? "";
  const found = otherKind(below(file.tensors, prefix));
  if (found !== undefined) {
    throw new ModelError("layout-unsupported", `${basename(path)} is not a VAE for SDXL: it is ${found}.`, {
      path,
      found,
    });
  }
  const own = renameDiffusersVae(below(withScales(file), prefix));
  const vae = new Map(
    [...own].filter(([key]) => /^(encoder|decoder|quant_conv|post_quant_conv)\./.test(key)),
  );
  checkVae({ path, title: checkpointParts.vae.title, prefix }, vae);
  refuseUnfinished(file);
  const unused = [...own.keys()].filter((key) => !vae.has(key) && !/^(loss|model_ema)\./.test(key));
  const notes =
    unused.length === 0 ? [] : [`${basename(path)} has ${counted(unused, prefix)} that nothing here uses.`];
  return { vae, notes };
}

/**
 * Checks that the tensors are a whole VAE for SDXL's latents and nothing else.
 *
 * @throws ModelError `weight-missing`, `weight-shape`, `dtype-unsupported` or `layout-unsupported`
 */
export function checkVae(part: Part, vae: WeightMap): void {
  const needed = neededVae(vae);
  checkPart(part, vae, needed, unknownNames(vae, needed));
  const found = vae.get("post_quant_conv.weight")?.shape[1] ?? 0;
  if (found === latentChannels) return;
  const message = `${basename(part.path)}: its VAE has ${found} latent channels, SDXL's has ${latentChannels}.`;
  throw new ModelError("weight-shape", message, { path: part.path, found, expected: latentChannels });
}

const way = "choose a VAE of SDXL, or leave vae_name at its default";

/** What a file is that was chosen as a VAE and is none for SDXL; undefined where it may be one. */
function otherKind(tensors: WeightMap): string | undefined {
  const keys = [...tensors.keys()];
  const some = (pattern: RegExp): boolean => keys.some((key) => pattern.test(key));
  if (some(/^quantize\./)) return `a VQ autoencoder (${way})`;
  if (some(/^decoder\.layers\.\d|^encoder\.layers\.\d+\.conv\.|^(decoder\.)?\d+\.(conv\.\d\.)?weight$/))
    return `TAESD, a small autoencoder for previews (${way})`;
  const video = some(/time_stack|temporal|time_mix|^decoder\.conv_in\.conv\.|^decoder\.middle\./);
  if (video || [...tensors.values()].some(({ shape }) => shape.length === 5))
    return `a VAE for video (${way})`;
  if (some(/^decoder\.condition_encoder\.|^decoder\.(up\.\d|up_blocks\.\d)\.att/))
    return `a VAE of another architecture (${way})`;
  const latent = tensors.get("decoder.conv_in.weight")?.shape[1];
  if (latent === latentChannels) return undefined;
  if (latent === 16) return `a VAE with 16 latent channels, as Flux and Stable Diffusion 3 have (${way})`;
  if (latent !== undefined) return `a VAE with ${latent} latent channels (${way})`;
  return tensors.has("encoder.conv_in.weight")
    ? `half a VAE, without its decoder (${way})`
    : recogniseForeign(tensors);
}
