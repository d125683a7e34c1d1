import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/** In and out, and the side of the kernel. */
type Kernel = readonly [inner: number, outer: number, side: number];

/** The names and shapes of a RetinaFace on a ResNet of bottlenecks, as wide and deep as its tensors say it is. */
export function neededFaceDetector(tensors: WeightMap): Needed {
  const given = new Given(tensors);
  const top = new Place();
  const body = top.at("body");
  let inner = given.size(0, "body.conv1.weight") ?? 64;
  convNorm(body, "conv1", "bn1", [3, inner, 7]);
  const widths: number[] = [];
  for (const level of [1, 2, 3, 4]) {
    const width = given.size(0, `body.layer${level}.0.conv1.weight`) ?? 32 * 2 ** level;
    for (let block = 0; block < Math.max(1, given.count(`body.layer${level}`)); block += 1) {
      bottleneck(body.at(`layer${level}`).at(`${block}`), inner, width, block === 0);
      inner = 4 * width;
    }
    widths.push(inner);
  }
  const features = given.size(0, "fpn.output1.0.weight") ?? 256;
  for (const level of [1, 2, 3]) {
    convNorm(top.at("fpn").at(`output${level}`), "0", "1", [widths[level] ?? 0, features, 1]);
    if (level < 3) convNorm(top.at("fpn").at(`merge${level}`), "0", "1", [features, features, 3]);
    context(top.at(`ssh${level}`), features);
    top.conv(`ClassHead.${level - 1}.conv1x1`, features, 4, 1);
    top.conv(`BboxHead.${level - 1}.conv1x1`, features, 8, 1);
    top.conv(`LandmarkHead.${level - 1}.conv1x1`, features, 20, 1);
  }
  return top.needed;
}

function bottleneck(at: Place, inner: number, width: number, first: boolean): void {
  convNorm(at, "conv1", "bn1", [inner, width, 1]);
  convNorm(at, "conv2", "bn2", [width, width, 3]);
  convNorm(at, "conv3", "bn3", [width, 4 * width, 1]);
  if (first) convNorm(at, "downsample.0", "downsample.1", [inner, 4 * width, 1]);
}

function context(at: Place, features: number): void {
  const quarter = Math.floor(features / 4);
  convNorm(at.at("conv3X3"), "0", "1", [features, Math.floor(features / 2), 3]);
  convNorm(at.at("conv5X5_1"), "0", "1", [features, quarter, 3]);
  for (const name of ["conv5X5_2", "conv7X7_2", "conv7x7_3"])
    convNorm(at.at(name), "0", "1", [quarter, quarter, 3]);
}

function convNorm(at: Place, conv: string, norm: string, [inner, outer, side]: Kernel): void {
  at.put(`${conv}.weight`, [outer, inner, side, side]);
  at.norm(norm, outer);
  at.put(`${norm}.running_mean`, [outer]);
  at.put(`${norm}.running_var`, [outer]);
}
