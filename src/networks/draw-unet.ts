import { sameShape, shapeText } from "#/graph/dimensions.ts";
import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { add } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { groupNorm } from "#/graph/ops/norm.ts";
import { concat } from "#/graph/ops/shape.ts";
import { controlled } from "./blocks/controlled.ts";
import { freeU, type Joined } from "./blocks/freeu.ts";
import { imageAttention } from "./blocks/image-attention.ts";
import { inputBlock, middleBlock, outputBlock } from "./blocks/unet-blocks.ts";
import { type UnetFamily, unetInputs } from "./blocks/unet-inputs.ts";
import type { Features } from "./network.ts";

/** A family of UNets, and what is drawn into one. */
type UnetKind = UnetFamily & Pick<Features, "freeU" | "textKeys" | "inpaint" | "controlnet" | "ip_adapter">;

/**
 * The denoising network of latent diffusion (Rombach et al. 2022), as SDXL has it (Podell et al. 2023, section 2.1; the U of Ronneberger et al. 2015): what it predicts
 * is said by the checkpoint, noise or v.
 *
 * Inputs: `sample` [N, 4, h, w] already scaled by c_in, `timestep` [N], `context` [N, T, D], or in its place the keys and values
 * of `blocks/text-attention.ts`, `y` [N, ADM], and with LoRAs `lora_strengths` [K], one for each LoRA of the set; with FreeU `freeu` [4]: b1, s1, b2, s2; with an inpaint head
 * `inpaint` [1, C, h, w], its answer, which is added behind the first convolution; with ControlNets `control_0` ... , one for
 * each skip and the last for the middle, which are added to what goes up; with image prompts those of `blocks/image-attention.ts`.
 * Output: `prediction` [N, 4, h, w]. All float32; sizes
 * are symbolic, any h and w.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function drawUnet(source: WeightSource, operators: Operators, kind: UnetKind): Graph {
  const g = new Graph({ operators });
  const m = new Module(g, source);
  const { sample, conditioning: plain } = unetInputs(m, kind);
  const conditioning =
    kind.ip_adapter === true ? { ...plain, context: { ...plain.context, images: imageAttention(g) } } : plain;

  const factors = kind.freeU === true ? g.input("freeu", "float32", [4]) : undefined;
  const width = m.size("input_blocks.0.0.weight", 0);
  const hole = kind.inpaint === true ? g.input("inpaint", "float32", [1, width, "h", "w"]) : undefined;

  const skips: Value[] = [];
  let h = sample;
  for (let i = 0; i < m.count("input_blocks"); i += 1) {
    h = inputBlock(m.at("input_blocks").at(i), h, conditioning);
    // Before it is kept: both the way down and the last skip carry it.
    if (i === 0 && hole !== undefined) h = add(h, g.computing(hole));
    skips.push(h);
  }
  h = middleBlock(m.at("middle_block"), h, conditioning);
  const answer = kind.controlnet === true ? controlled : (_place: number, x: Value): Value => x;
  h = answer(skips.length, h);
  for (let j = 0; j < m.count("output_blocks"); j += 1) {
    const skip = skips.pop();
    if (skip === undefined)
      throw m.misshapen("input_blocks.0.0.weight", "as many input blocks as output blocks");
    const block = m.at("output_blocks").at(j);
    const parts = { features: h, skip: answer(skips.length, skip) };
    const joint = joined(block, factors === undefined ? parts : freeU(m, factors, parts));
    h = outputBlock(block, joint, conditioning, skips.at(-1));
  }
  h = groupNorm(m.at("out.0"), h, { epsilon: 1e-5, activation: "silu" });
  const prediction = conv2d(m.at("out.2"), h);
  const channels = m.size("out.2.weight", 0);
  if (!sameShape(prediction.dims, sample.dims.with(1, channels)))
    throw m.at("out.2").misfit(`gives ${shapeText(prediction.dims)}, which is not the size of the latent`);
  g.output("prediction", prediction);
  return g;
}

/** Features and the skip of the same size, channels one after the other. */
function joined(m: Module, { features: x, skip }: Joined): Value {
  if (sameShape(x.dims.toSpliced(1, 1), skip.dims.toSpliced(1, 1))) return concat([x, skip], 1);
  throw m.misfit(`gets features ${shapeText(x.dims)} and a skip ${shapeText(skip.dims)} of another size`);
}
