/** One byte a pixel, rows without padding, 1 where the thing is. */
export type Mask = Readonly<{ width: number; height: number; data: Uint8Array }>;

/** Replaces each pixel by what most of its 3 x 3 neighbours are: single stray pixels go, edges stay. */
export function majority({ width, height, data }: Mask): Mask {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let set = 0;
      let seen = 0;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          set += data[v * width + u] ?? 0;
          seen++;
        }
      }
      out[y * width + x] = set * 2 > seen ? 1 : 0;
    }
  }
  return { width, height, data: out };
}

/** The largest 8-connected part and nothing else; empty if the mask is. */
export function largestComponent({ width, height, data }: Mask): Mask {
  const label = new Int32Array(data.length);
  const sizes = [0];
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || label[start] !== 0) continue;
    const id = sizes.length;
    const open = [start];
    label[start] = id;
    let size = 0;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      size++;
      for (const next of neighbours(at, width, height)) {
        if (data[next] === 0 || label[next] !== 0) continue;
        label[next] = id;
        open.push(next);
      }
    }
    sizes.push(size);
  }
  const best = sizes.indexOf(Math.max(...sizes));
  return { width, height, data: Uint8Array.from(label, (id) => (best > 0 && id === best ? 1 : 0)) };
}

/** The mask with everything set that it encloses. */
export function filled({ width, height, data }: Mask): Mask {
  const outside = new Uint8Array(data.length);
  const edge = (at: number) =>
    at < width || at >= data.length - width || at % width === 0 || at % width === width - 1;
  const open: number[] = [];
  for (const [at, value] of data.entries()) if (value === 0 && edge(at)) open.push(at);
  for (const at of open) outside[at] = 1;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    // Four neighbours: what corners join (see largestComponent) must also keep the outside out.
    const x = at % width;
    for (const next of [x > 0 ? at - 1 : at, x < width - 1 ? at + 1 : at, at - width, at + width]) {
      if (data[next] !== 0 || outside[next] !== 0) continue;
      outside[next] = 1;
      open.push(next);
    }
  }
  return { width, height, data: outside.map((value) => 1 - value) };
}

/** Takes a rim of `steps` pixels away, where colours of both sides are mixed; the picture's edge does not count. */
export function erode(mask: Mask, steps: number): Mask {
  const { width, height, data } = mask;
  if (steps === 0) return mask;
  const out = data.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const sides = [x > 0 ? at - 1 : at, x < width - 1 ? at + 1 : at, at - width, at + width];
      if (data[at] === 1 && sides.some((next) => data[next] === 0)) out[at] = 0;
    }
  }
  return erode({ width, height, data: out }, steps - 1);
}

/** Number of pixels that are set. */
export function area({ data }: Mask): number {
  return data.reduce((sum, value) => sum + value, 0);
}

function neighbours(at: number, width: number, height: number): number[] {
  const x = at % width;
  const y = (at - x) / width;
  const found: number[] = [];
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
      if (u !== x || v !== y) found.push(v * width + u);
    }
  }
  return found;
}
