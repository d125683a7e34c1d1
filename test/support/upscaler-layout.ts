import type { Shapes } from "./sdxl-layout.ts";

/** Sizes of an RRDBNet. */
export type UpscalerSizes = Readonly<{ features: number; growth: number; blocks: number; ups: number }>;

/** Fooocus' upscaler, and Real-ESRGAN's x4plus; and one for tests. */
export const upscalerFull: UpscalerSizes = { features: 64, growth: 32, blocks: 23, ups: 2 };
export const upscalerTiny: UpscalerSizes = { features: 4, growth: 2, blocks: 1, ups: 2 };

/** Names and shapes of an RRDBNet as Fooocus' file has them. */
export function upscalerShapes({ features, growth, blocks, ups }: UpscalerSizes): Shapes {
  const shapes: Shapes = new Map();
  const conv = (name: string, inner: number, outer: number): void => {
    shapes.set(`${name}.weight`, [outer, inner, 3, 3]);
    shapes.set(`${name}.bias`, [outer]);
  };
  conv("model.0", 3, features);
  for (let block = 0; block < blocks; block += 1)
    for (let dense = 1; dense <= 3; dense += 1)
      for (let n = 1; n <= 5; n += 1)
        conv(
          `model.1.sub.${block}.residual_block_${dense}.conv${n}.0`,
          features + (n - 1) * growth,
          n < 5 ? growth : features,
        );
  conv(`model.1.sub.${blocks}`, features, features);
  for (let up = 1; up <= ups; up += 1) conv(`model.${3 * up}`, features, features);
  conv(`model.${3 * ups + 2}`, features, features);
  conv(`model.${3 * ups + 4}`, features, 3);
  return shapes;
}
