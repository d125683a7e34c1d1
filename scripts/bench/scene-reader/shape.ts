import { area, type Mask } from "./mask.ts";
import { drawTemplates, type Shape } from "./templates.ts";

const radii = 26;
const angles = 96;
/** How far out is looked, in units of the radius of a disc of the same area; a star's points reach 1.6. */
const reach = 2.2;

/** A mask around its centre of gravity, scaled to unit area: `radii` x `angles` samples, 0 or 1. */
type Signature = Uint8Array;

const templates = drawTemplates().map(({ shape, mask }) => ({ shape, signature: signatureOf(mask) }));

/**
 * Names a shape by the best overlap (intersection over union) with templates of all shapes, at any size, place and
 * rotation: in polar coordinates around the centre of gravity a rotation is a shift.
 *
 * @returns the name and the overlap, 0 to 1
 */
export function nameShape(mask: Mask): Readonly<{ shape: Shape; overlap: number }> | undefined {
  if (area(mask) < 40) return undefined;
  const signature = signatureOf(mask);
  return templates
    .map((template) => ({ shape: template.shape, overlap: bestOverlap(template.signature, signature) }))
    .toSorted((a, b) => b.overlap - a.overlap)[0];
}

function signatureOf(mask: Mask): Signature {
  const { width, height, data } = mask;
  const count = area(mask);
  let cx = 0;
  let cy = 0;
  for (const [at, value] of data.entries()) {
    cx += (value * (at % width)) / count;
    cy += (value * Math.floor(at / width)) / count;
  }
  const unit = Math.sqrt(count / Math.PI);
  const out = new Uint8Array(radii * angles);
  for (let i = 0; i < radii; i++) {
    const radius = ((i + 0.5) / radii) * reach * unit;
    for (let j = 0; j < angles; j++) {
      const x = Math.round(cx + radius * Math.cos((2 * Math.PI * j) / angles));
      const y = Math.round(cy + radius * Math.sin((2 * Math.PI * j) / angles));
      if (x >= 0 && x < width && y >= 0 && y < height) out[i * angles + j] = data[y * width + x] ?? 0;
    }
  }
  return out;
}

/** Intersection over union at the best rotation. Samples further out stand for more area, so they weigh more. */
function bestOverlap(a: Signature, b: Signature): number {
  const total = weight(a) + weight(b);
  let best = 0;
  for (let turn = 0; turn < angles; turn++) {
    let both = 0;
    for (let i = 0; i < radii; i++) {
      const row = i * angles;
      let shared = 0;
      for (let j = 0; j < angles - turn; j++) shared += (a[row + j] ?? 0) & (b[row + j + turn] ?? 0);
      for (let j = angles - turn; j < angles; j++)
        shared += (a[row + j] ?? 0) & (b[row + j + turn - angles] ?? 0);
      both += shared * (i + 0.5);
    }
    best = Math.max(best, both / (total - both));
  }
  return best;
}

function weight(signature: Signature): number {
  return signature.reduce((sum, value, at) => sum + value * (Math.floor(at / angles) + 0.5), 0);
}
