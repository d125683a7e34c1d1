import { ModelError } from "#/lib/errors.ts";
import { below, type Checkpoint, type Prediction, type WeightMap } from "../checkpoint.ts";
import type { SafetensorsFile } from "../safetensors.ts";
import { recogniseForeign } from "./foreign.ts";
import { renameOpenClip } from "./open-clip.ts";

/** Numbers of the ADM vector beside the pooled text: six sizes in 256 sinusoids each (SDXL, section 2.2). */
const admSizes = 6 * 256;

/** Markers of parameterisations that would be sampled wrongly without knowing them. */
const unsupported: Readonly<Record<string, string>> = {
  ztsnr: "zero-terminal-SNR betas",
  "edm_vpred.sigma_max": "the CosXL parameterisation",
  edm_mean: "the EDM parameterisation of Playground 2.5",
};

/**
 * The parts of an SDXL base model in one file (the layout of Stability's `sd_xl_base_1.0.safetensors`), of any width
 * and depth, recognised from names and shapes.
 *
 * @throws ModelError `layout-unsupported` with what the file is instead, `weight-missing` or `weight-shape`
 */
export function sdxlCheckpoint(file: SafetensorsFile): Checkpoint {
  const { tensors, path, stamp } = file;
  const unet = below(tensors, "model.diffusion_model.");
  const textL = below(tensors, "conditioner.embedders.0.transformer.text_model.");
  const textG = renameOpenClip(below(tensors, "conditioner.embedders.1.model."));
  const vae = below(tensors, "first_stage_model.");
  if (unet.size === 0 || textL.size === 0 || textG.size === 0) {
    const found = recogniseForeign(tensors);
    throw new ModelError("layout-unsupported", `${path} is not an SDXL base model: it is ${found}.`, {
      path,
      found,
    });
  }
  for (const [marker, meaning] of Object.entries(unsupported)) {
    if (!tensors.has(marker)) continue;
    const message = `${path} is marked as using ${meaning} (tensor ${marker}), which is not supported yet.`;
    throw new ModelError("layout-unsupported", message, { path, key: marker });
  }
  checkWidths(path, unet, textL, textG, vae);
  const prediction: Prediction = tensors.has("v_pred") ? "v" : "eps";
  const schedule = "scaled-linear";
  return { path, stamp, family: "sdxl-base", prediction, schedule, unet, textL, textG, vae, notes: [] };
}

/** The numbers that must agree between the parts, or the file cannot work. */
function checkWidths(
  path: string,
  unet: WeightMap,
  textL: WeightMap,
  textG: WeightMap,
  vae: WeightMap,
): void {
  const size = (map: WeightMap, key: string, axis: number): number => {
    const found = map.get(key)?.shape[axis];
    if (found !== undefined) return found;
    throw new ModelError("weight-missing", `${path} lacks the tensor ${key}.`, { path, key });
  };
  const expect = (what: string, key: string, found: number, expected: number): void => {
    if (found === expected) return;
    const message = `${path}: ${what} (${key}) is ${found}, it should be ${expected}.`;
    throw new ModelError("weight-shape", message, { path, key, found, expected });
  };
  const widthL = size(textL, "embeddings.token_embedding.weight", 1);
  const projection = textG.has("text_projection") ? "text_projection" : "text_projection.weight";
  const widthG = size(textG, "embeddings.token_embedding.weight", 1);
  const pooled = size(textG, projection, projection === "text_projection" ? 1 : 0);

  const channels = size(unet, "input_blocks.0.0.weight", 1);
  if (channels !== 4) {
    const found =
      channels === 9 ? "an inpainting model (9 input channels)" : `a model with ${channels} input channels`;
    throw new ModelError("layout-unsupported", `${path} is ${found}, which is not supported yet.`, {
      path,
      channels,
    });
  }
  const contextKey = [...unet.keys()].find((key) => key.endsWith("attn2.to_k.weight"));
  if (contextKey === undefined)
    throw new ModelError("weight-missing", `${path} has no cross-attention.`, { path });
  expect("the context width", contextKey, size(unet, contextKey, 1), widthL + widthG);
  expect("the ADM width", "label_emb.0.0.weight", size(unet, "label_emb.0.0.weight", 1), pooled + admSizes);
  expect("the latent width", "post_quant_conv.weight", size(vae, "post_quant_conv.weight", 1), 4);
}
