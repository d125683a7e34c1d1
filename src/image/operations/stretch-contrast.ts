import type { Greymap } from "../greymap.ts";
import { percentile } from "./percentile.ts";

/**
 * A map of one channel as bytes: what lies at two percentiles becomes 0 and 255, in float32, cut off beyond and not rounded.
 * Where both are one value, which the reference divides by: 0 up to it, 255 above. So a flat map is black, and few lines on
 * nothing stay.
 */
export function stretchContrast(
  map: Readonly<{ width: number; height: number; data: Float32Array }>,
  percents: readonly [low: number, high: number],
): Greymap {
  const sorted = map.data.toSorted();
  const [low, high] = [percentile(sorted, percents[0]), percentile(sorted, percents[1])];
  const start = Math.fround(low);
  const span = Math.fround(high - low);
  const data = new Uint8Array(map.data.length);
  for (let i = 0; i < data.length; i += 1) {
    const above = Math.fround(map.data[i]! - start);
    const value = Math.fround(Math.fround(above / span) * 255);
    data[i] = above <= 0 ? 0 : Math.min(value, 255);
  }
  return { width: map.width, height: map.height, data, channels: 1 };
}
