import type { FloatMap } from "./float-map.ts";

/**
 * For each output position of an axis the input positions before and behind it, and how far it is between them, float32;
 * `end` is behind the last output position that lies between input positions, `between` how many do.
 */
type Steps = Readonly<{
  before: Int32Array;
  behind: Int32Array;
  part: Float32Array;
  end: number;
  between: number;
}>;

/**
 * A map of floats at another size, read at (i + 0.5) * in / out - 0.5 and clamped at the edges: as torch's `interpolate`
 * without aligned corners, and as OpenCV's INTER_LINEAR where it runs with Intel's IPP, as its packages for x86 do. With three
 * channels and sides of at least 2 that is to the last bit. The map itself at its own size.
 */
export function bilinearResize(map: FloatMap, size: Readonly<{ width: number; height: number }>): FloatMap {
  const { width, height } = size;
  if (width === map.width && height === map.height) return map;
  const across = steps(map.width, width);
  const down = steps(map.height, height);
  const values = width * map.channels;
  const rows = resizedRows(map, across);
  const data = new Float32Array(values * height);
  // IPP works on four values at a time, rounded once; what is left over of a row is rounded after each operation.
  const end = across.end * map.channels;
  const tail = end - ((across.between * map.channels) % 4);
  for (let y = 0; y < height; y += 1) {
    const part = down.part[y]!;
    const before = down.before[y]! * values;
    const behind = down.behind[y]! * values;
    const to = y * values;
    for (let x = 0; x < values; x += 1) {
      const value = rows[before + x]!;
      data[to + x] = value + Math.fround(rows[behind + x]! - value) * part;
    }
    for (let x = tail; x < end; x += 1) {
      const value = rows[before + x]!;
      data[to + x] = value + Math.fround(Math.fround(rows[behind + x]! - value) * part);
    }
  }
  return { width, height, channels: map.channels, data };
}

/** Every row at its new width: a + (b - a) * t, rounded once. */
function resizedRows({ width, height, channels, data }: FloatMap, across: Steps): Float32Array {
  const wide = across.part.length;
  const rows = new Float32Array(wide * height * channels);
  let to = 0;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < wide; x += 1) {
      const part = across.part[x]!;
      const before = (y * width + across.before[x]!) * channels;
      const behind = (y * width + across.behind[x]!) * channels;
      for (let c = 0; c < channels; c += 1) {
        const value = data[before + c]!;
        rows[to++] = value + Math.fround(data[behind + c]! - value) * part;
      }
    }
  return rows;
}

function steps(from: number, to: number): Steps {
  const before = new Int32Array(to);
  const behind = new Int32Array(to);
  const part = new Float32Array(to);
  let [end, between] = [0, 0];
  for (let i = 0; i < to; i += 1) {
    // In integers, as long as may be: whether a position lies at an edge must not depend on rounding.
    const position = ((2 * i + 1) * from - to) / (2 * to);
    const inside = Math.min(Math.max(position, 0), from - 1);
    before[i] = Math.floor(inside);
    behind[i] = Math.min(before[i]! + 1, from - 1);
    part[i] = inside - before[i]!;
    if (inside !== position) continue;
    between += 1;
    end = i + 1;
  }
  return { before, behind, part, end, between };
}
