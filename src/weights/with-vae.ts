import { ModelError } from "#/lib/errors.ts";
import { below, type Checkpoint } from "./checkpoint.ts";
import { readSafetensors } from "./safetensors.ts";

/**
 * The checkpoint with the VAE of another file: bare LDM names, or below one of the usual prefixes. Its notes are the
 * checkpoint's, then the file's.
 *
 * @param path of the VAE file; the checkpoint's own VAE when left out
 * @throws ModelError `layout-unsupported` naming the VAE file, or as {@link readSafetensors}
 */
export function withVae(checkpoint: Checkpoint, path: string | undefined): Checkpoint {
  if (path === undefined) return checkpoint;
  const { tensors, path: real } = readSafetensors(path);
  const prefix = ["", "first_stage_model.", "vae."].find((candidate) =>
    tensors.has(`${candidate}decoder.conv_in.weight`),
  );
  if (prefix === undefined) {
    const message = `${real} is not a VAE in LDM's layout: it has no decoder.conv_in.weight.`;
    throw new ModelError("layout-unsupported", message, { path: real });
  }
  return { ...checkpoint, vae: below(tensors, prefix) };
}
