import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { add } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { controlSource } from "#/weights/layouts/controlnet.ts";
import { sdxlTransformers } from "./blocks/spatial-transformer.ts";
import { inputBlock, middleBlock } from "./blocks/unet-blocks.ts";
import { unetInputs } from "./blocks/unet-inputs.ts";
import { unetEightBits } from "./eight-bits.ts";
import type { Features, Network } from "./network.ts";

/** SDXL's nine blocks, and the middle. */
const places = [
  "control_0",
  "control_1",
  "control_2",
  "control_3",
  "control_4",
  "control_5",
  "control_6",
  "control_7",
  "control_8",
  "control_9",
] as const;

/** What guides the denoising network by a picture, asked before each of its runs. */
export const controlnet = {
  name: "controlnet",
  title: "ControlNet",
  from: controlSource,
  loras: "unet",
  patched: true,
  keyedBy: ["textKeys"],
  eightBits: unetEightBits,
  inputs: { sample: "latent", timestep: "timestep", context: "text", y: "adm", hint: "latent" },
  outputs: places,
  draw: drawControlNet,
  goldens: {
    listing: "controlnet",
    answers: [
      ...places.map((place) => `controlnet-ldm.${place}`),
      ...places.map((place) => `controlnet-diffusers.${place}`),
      ...places.map((place) => `controlnet-mid.${place}`),
      ...places.map((place) => `controlnet-small.${place}`),
      ...places.map((place) => `controlnet-difference.${place}`),
      ...places.map((place) => `control-lora.${place}`),
      ...places.map((place) => `control-lora-changed.${place}`),
    ],
  },
} as const satisfies Network;

/** The same, told keys and values of the text instead of the text: see `blocks/text-attention.ts`. */
export const controlnetToldKeys = {
  ...controlnet,
  inputs: { sample: "latent", timestep: "timestep", y: "adm", hint: "latent" },
} as const satisfies Network;

/**
 * A ControlNet (Zhang et al. 2023, figure 3): a copy of the UNet down to its middle, the picture added behind the first
 * convolution, and behind each block a convolution of 1 x 1 that was zero when training began.
 *
 * Inputs: those of the UNet, where it is told keys and values in place of the text those of its own cross-attentions, and `hint` [1, C, h, w], the encoded picture. Outputs: what is to be added to the skip of each block,
 * and the last to the middle.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawControlNet(
  source: WeightSource,
  operators: Operators,
  { textKeys }: Pick<Features, "textKeys"> = {},
): Graph {
  const g = new Graph({ operators });
  const m = new Module(g, source);
  const { sample, conditioning } = unetInputs(m, {
    transformers: sdxlTransformers,
    told: "text and sizes",
    textKeys,
  });
  const hint = g.input("hint", "float32", [1, m.size("input_blocks.0.0.weight", 0), "h", "w"]);

  const features: Value[] = [];
  let h = inputBlock(m.at("input_blocks.0"), sample, conditioning);
  h = add(h, g.computing(hint));
  features.push(conv2d(m.at("zero_convs.0.0"), h));
  for (let i = 1; i < m.count("input_blocks"); i += 1) {
    h = inputBlock(m.at("input_blocks").at(i), h, conditioning);
    features.push(conv2d(m.at(`zero_convs.${i}.0`), h));
  }
  h = middleBlock(m.at("middle_block"), h, conditioning);
  features.push(conv2d(m.at("middle_block_out.0"), h));
  for (const [place, answer] of features.entries()) g.output(`control_${place}`, answer);
  return g;
}
