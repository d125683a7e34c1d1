import { type SdxlSizes, type Shapes, sdxlShapes } from "./sdxl-layout.ts";

const prefix = "model.diffusion_model.";
const encoder = /^(time_embed|label_emb|input_blocks|middle_block)\./;
const hint = [3, 16, 16, 32, 32, 96, 96, 256];

/** The names and shapes of UNet's encoder in a checkpoint of these sizes. */
const encoderShapes = (sizes: SdxlSizes): Shapes =>
  new Map(
    [...sdxlShapes(sizes)]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, shape]) => [key.slice(prefix.length), shape] as const)
      .filter(([key]) => encoder.test(key)),
  );

/** What a ControlNet has besides: the picture's convolutions and those that were zero. */
function ownShapes({ unet: { width, factors } }: SdxlSizes): Shapes {
  const shapes: Shapes = new Map();
  const conv = (name: string, inner: number, outer: number, kernel: number): void => {
    shapes.set(`${name}.weight`, [outer, inner, kernel, kernel]).set(`${name}.bias`, [outer]);
  };
  for (const [n, inner] of hint.entries()) conv(`input_hint_block.${2 * n}`, inner, hint[n + 1] ?? width, 3);
  // Two blocks and a downsampler a level; the first convolution is kept before them.
  const skips = [
    width,
    ...factors
      .flatMap((factor, level) => (level + 1 < factors.length ? [factor, factor, factor] : [factor, factor]))
      .map((factor) => factor * width),
  ];
  for (const [k, skip] of skips.entries()) conv(`zero_convs.${k}.0`, skip, skip, 1);
  conv("middle_block_out.0", skips.at(-1) ?? width, skips.at(-1) ?? width, 1);
  return shapes;
}

/** A whole ControlNet in LDM's names for a checkpoint of these sizes. */
export const controlShapes = (sizes: SdxlSizes): Shapes =>
  new Map([...encoderShapes(sizes), ...ownShapes(sizes)]);

/** A Control-LoRA as Stability's: factors of this rank, or less, beside each matrix. */
export function controlLoraShapes(sizes: SdxlSizes, most: number): Shapes {
  const shapes: Shapes = new Map([["lora_controlnet", [0]], ...ownShapes(sizes)]);
  for (const [key, shape] of encoderShapes(sizes)) {
    const [out = 0, inner] = shape;
    if (inner === undefined) {
      shapes.set(key, shape);
      continue;
    }
    const rank = Math.min(most, out, inner);
    const module = key.replace(/\.weight$/, "");
    shapes.set(`${module}.up`, [out, rank, ...shape.slice(2).map(() => 1)]);
    shapes.set(`${module}.down`, [rank, ...shape.slice(1)]);
  }
  return shapes;
}
