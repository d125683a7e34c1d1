import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/** The names and shapes of a whole RRDBNet (Real-ESRGAN's names), as wide and deep as its tensors say it is. */
export function neededUpscaler(tensors: WeightMap): Needed {
  const given = new Given(tensors);
  const features = given.size(0, "conv_first.weight") ?? 64;
  const growth = given.size(0, "body.0.rdb1.conv1.weight") ?? 32;
  const top = new Place();
  top.conv("conv_first", given.size(1, "conv_first.weight") ?? 3, features, 3);
  const plus = given.has("body.0.rdb1.conv1x1");
  for (let block = 0; block < Math.max(1, given.count("body")); block += 1)
    for (const dense of ["rdb1", "rdb2", "rdb3"])
      denseBlock(top.at("body").at(`${block}`).at(dense), features, growth, plus);
  top.conv("conv_body", features, features, 3);
  for (let up = 1; given.has(`conv_up${up}`); up += 1) top.conv(`conv_up${up}`, features, features, 3);
  top.conv("conv_hr", features, features, 3);
  top.conv("conv_last", features, 3, 3);
  return top.needed;
}

function denseBlock(at: Place, features: number, growth: number, plus: boolean): void {
  for (let n = 1; n <= 5; n += 1)
    at.conv(`conv${n}`, features + (n - 1) * growth, n < 5 ? growth : features, 3);
  if (plus) at.put("conv1x1.weight", [growth, features, 1, 1]);
}
