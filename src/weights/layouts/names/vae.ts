import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/** The picture is 8 times its latent, so there are four levels. */
const levels = 4;

/**
 * The names that a VAE must have (AutoencoderKL in LDM's names). A file that has nothing of the encoder is whole without
 * it: pictures are made by the decoder.
 *
 * @param vae LDM names below `first_stage_model.`
 */
export function neededVae(vae: WeightMap): Needed {
  const given = new Given(vae);
  const root = new Place();
  const latent = given.size(1, "post_quant_conv.weight") ?? 4;
  root.conv("post_quant_conv", latent, latent, 1);
  decoder(root.at("decoder"), given, latent);
  if (given.has("encoder") || given.has("quant_conv")) {
    root.conv("quant_conv", 2 * latent, 2 * latent, 1);
    encoder(root.at("encoder"), given, latent);
  }
  return root.needed;
}

function decoder(m: Place, given: Given, latent: number): void {
  let width = given.size(0, "decoder.conv_in.weight", "decoder.conv_in.bias") ?? 0;
  m.conv("conv_in", latent, width, 3);
  middle(m.at("mid"), width);
  for (let level = levels - 1; level >= 0; level -= 1) {
    const up = `up.${level}`;
    const blocks = Math.max(1, given.count(`decoder.${up}.block`));
    for (let r = 0; r < blocks; r += 1) {
      const outer = widthOf(given, `decoder.${up}.block.${r}`) ?? width;
      resBlock(m.at(`${up}.block.${r}`), width, outer);
      width = outer;
    }
    if (level > 0) m.conv(`${up}.upsample.conv`, width, width, 3);
  }
  m.norm("norm_out", width);
  m.conv("conv_out", width, 3, 3);
}

function encoder(m: Place, given: Given, latent: number): void {
  let width = given.size(0, "encoder.conv_in.weight", "encoder.conv_in.bias") ?? 0;
  m.conv("conv_in", 3, width, 3);
  for (let level = 0; level < levels; level += 1) {
    const down = `down.${level}`;
    const blocks = Math.max(1, given.count(`encoder.${down}.block`));
    for (let r = 0; r < blocks; r += 1) {
      const outer = widthOf(given, `encoder.${down}.block.${r}`) ?? width;
      resBlock(m.at(`${down}.block.${r}`), width, outer);
      width = outer;
    }
    if (level < levels - 1) m.conv(`${down}.downsample.conv`, width, width, 3);
  }
  middle(m.at("mid"), width);
  m.norm("norm_out", width);
  m.conv("conv_out", width, 2 * latent, 3);
}

/** Channels that a res-block answers with, by any tensor that tells. */
const widthOf = (given: Given, block: string): number | undefined =>
  given.size(0, `${block}.conv2.weight`, `${block}.conv2.bias`, `${block}.conv1.weight`);

function middle(m: Place, width: number): void {
  resBlock(m.at("block_1"), width, width);
  resBlock(m.at("block_2"), width, width);
  m.norm("attn_1.norm", width);
  for (const part of ["q", "k", "v", "proj_out"]) m.conv(`attn_1.${part}`, width, width, 1);
}

function resBlock(m: Place, inner: number, outer: number): void {
  m.norm("norm1", inner);
  m.conv("conv1", inner, outer, 3);
  m.norm("norm2", outer);
  m.conv("conv2", outer, outer, 3);
  if (inner !== outer) m.conv("nin_shortcut", inner, outer, 1);
}
