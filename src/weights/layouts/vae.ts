import { ModelError } from "#/lib/errors.ts";
import { below, type Checkpoint } from "../checkpoint.ts";
import type { SafetensorsFile } from "../safetensors.ts";

/**
 * The checkpoint with the VAE that its pictures are decoded with: the one of another file (bare LDM names, or below one
 * of the usual prefixes), or its own.
 *
 * @param file a VAE file that was chosen instead of the checkpoint's own
 * @throws ModelError `layout-unsupported` naming the VAE file
 */
export function chooseVae(checkpoint: Checkpoint, file: SafetensorsFile | undefined): Checkpoint {
  if (file === undefined) return checkpoint;
  const { tensors, path } = file;
  const prefix = ["", "first_stage_model.", "vae."].find((candidate) =>
    tensors.has(`${candidate}decoder.conv_in.weight`),
  );
  if (prefix === undefined) {
    const message = `${path} is not a VAE in LDM's layout: it has no decoder.conv_in.weight.`;
    throw new ModelError("layout-unsupported", message, { path });
  }
  return { ...checkpoint, vae: below(tensors, prefix) };
}
