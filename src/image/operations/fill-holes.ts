import type { Greymap } from "../greymap.ts";

/** Stretches of black in the rows of a mask, numbered in the order of the rows; `end` is behind the last pixel. */
type Stretches = Readonly<{ start: number[]; end: number[]; row: number[]; firstOfRow: number[] }>;

/**
 * A mask with its smallest black regions made white, those at its edges among them: as `remove_small_regions` of
 * segment-anything. Pixels that touch by a corner belong to one region. A mask with nothing white in it has no holes.
 *
 * @param below regions of fewer pixels are filled
 */
export function fillHoles(mask: Greymap, below: number): Greymap {
  if (!mask.data.includes(255)) return mask;
  const stretches = blackStretches(mask);
  const { start, end, row } = stretches;
  const region = regionsOf(stretches);
  const area = new Float64Array(start.length);
  for (let i = 0; i < start.length; i += 1) area[rootOf(region, i)]! += end[i]! - start[i]!;
  const data = Uint8Array.from(mask.data);
  for (let i = 0; i < start.length; i += 1) {
    if (area[rootOf(region, i)]! >= below) continue;
    const line = row[i]! * mask.width;
    data.fill(255, line + start[i]!, line + end[i]!);
  }
  return { ...mask, data };
}

function blackStretches({ width, height, data }: Greymap): Stretches {
  const found: Stretches = { start: [], end: [], row: [], firstOfRow: [0] };
  for (let y = 0; y < height; y += 1) {
    const line = y * width;
    for (let x = 0; x < width; x += 1) {
      if (data[line + x] !== 0) continue;
      const start = x;
      while (x < width && data[line + x] === 0) x += 1;
      found.start.push(start);
      found.end.push(x);
      found.row.push(y);
    }
    found.firstOfRow.push(found.start.length);
  }
  return found;
}

/** For each stretch another one of its region; the last of them, which is its own, stands for the region. */
function regionsOf({ start, end, firstOfRow }: Stretches): Int32Array {
  const region = Int32Array.from(start, (_, i) => i);
  for (let y = 1; y + 1 < firstOfRow.length; y += 1) {
    let above = firstOfRow[y - 1]!;
    let here = firstOfRow[y]!;
    const [aboveEnd, hereEnd] = [firstOfRow[y]!, firstOfRow[y + 1]!];
    while (above < aboveEnd && here < hereEnd) {
      // A stretch reaches the one above by a corner where one ends and the other starts.
      if (start[above]! <= end[here]! && start[here]! <= end[above]!)
        region[rootOf(region, above)] = rootOf(region, here);
      if (end[above]! < end[here]!) above += 1;
      else here += 1;
    }
  }
  return region;
}

/** Shortens the way on the way. */
function rootOf(region: Int32Array, of: number): number {
  let at = of;
  while (region[at] !== at) {
    region[at] = region[region[at]!]!;
    at = region[at]!;
  }
  return at;
}
