import type { Shapes } from "./sdxl-layout.ts";

/** Sizes of a RetinaFace on a ResNet of bottlenecks. */
export type FaceDetectorSizes = Readonly<{
  stem: number;
  widths: readonly number[];
  depths: readonly number[];
  features: number;
}>;

/** On ResNet-50, and one for tests. */
export const faceDetectorFull: FaceDetectorSizes = {
  stem: 64,
  widths: [64, 128, 256, 512],
  depths: [3, 4, 6, 3],
  features: 256,
};
export const faceDetectorTiny: FaceDetectorSizes = {
  stem: 4,
  widths: [2, 2, 3, 4],
  depths: [2, 1, 1, 2],
  features: 8,
};

/** Names and shapes as facexlib's file has them. */
export function faceDetectorShapes({ stem, widths, depths, features }: FaceDetectorSizes): Shapes {
  const shapes: Shapes = new Map();
  const put = (name: string, shape: readonly number[]): void => {
    shapes.set(`module.${name}`, shape);
  };
  const conv = (
    name: string,
    norm: string,
    [inner, outer, side]: readonly [number, number, number],
  ): void => {
    put(`${name}.weight`, [outer, inner, side, side]);
    for (const vector of ["weight", "bias", "running_mean", "running_var"]) put(`${norm}.${vector}`, [outer]);
    put(`${norm}.num_batches_tracked`, []);
  };
  conv("body.conv1", "body.bn1", [3, stem, 7]);
  let inner = stem;
  for (const [level, width] of widths.entries())
    for (let block = 0; block < (depths[level] ?? 0); block += 1) {
      const at = `body.layer${level + 1}.${block}`;
      conv(`${at}.conv1`, `${at}.bn1`, [inner, width, 1]);
      conv(`${at}.conv2`, `${at}.bn2`, [width, width, 3]);
      conv(`${at}.conv3`, `${at}.bn3`, [width, 4 * width, 1]);
      if (block === 0) conv(`${at}.downsample.0`, `${at}.downsample.1`, [inner, 4 * width, 1]);
      inner = 4 * width;
    }
  const sequence = (name: string, kernel: readonly [number, number, number]): void =>
    conv(`${name}.0`, `${name}.1`, kernel);
  const [half, quarter] = [features / 2, features / 4];
  for (const level of [1, 2, 3]) {
    sequence(`fpn.output${level}`, [4 * (widths[level] ?? 0), features, 1]);
    if (level < 3) sequence(`fpn.merge${level}`, [features, features, 3]);
    sequence(`ssh${level}.conv3X3`, [features, half, 3]);
    sequence(`ssh${level}.conv5X5_1`, [features, quarter, 3]);
    for (const name of ["conv5X5_2", "conv7X7_2", "conv7x7_3"])
      sequence(`ssh${level}.${name}`, [quarter, quarter, 3]);
    for (const [head, values] of [
      ["ClassHead", 4],
      ["BboxHead", 8],
      ["LandmarkHead", 20],
    ] as const) {
      put(`${head}.${level - 1}.conv1x1.weight`, [values, features, 1, 1]);
      put(`${head}.${level - 1}.conv1x1.bias`, [values]);
    }
  }
  return shapes;
}
