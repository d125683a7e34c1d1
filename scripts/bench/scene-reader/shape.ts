import { area, filled, type Mask } from "./mask.ts";
import { drawTemplates, type Shape } from "./templates.ts";

const radii = 26;
const angles = 96;
/** How far out is looked, in units of the radius of a disc of the same area; a star's points reach 1.6. */
const reach = 2.2;

/** A mask around its centre of gravity, scaled to unit area: `radii` x `angles` samples, 0 or 1. */
type Signature = Uint8Array;

type Template = Readonly<{ shape: Shape; signature: Signature }>;

const templates: readonly Template[] = drawTemplates().map(({ shape, mask }) => ({
  shape,
  signature: signatureOf(mask),
}));

/** A ring's hole takes at least this share of what its outline encloses; a flower's heart is well below. */
const leastHole = 0.14;

/**
 * Names a shape by the best overlap (intersection over union) with templates of all shapes, at any size, place and
 * rotation: in polar coordinates around the centre of gravity a rotation is a shift. What encloses a large hole is a
 * ring if its outline is a disc, since overlap says little about a thin band.
 *
 * @returns the name and the overlap, 0 to 1
 */
export function nameShape(mask: Mask): Readonly<{ shape: Shape; overlap: number }> | undefined {
  if (area(mask) < 40) return undefined;
  const whole = filled(mask);
  const pierced = 1 - area(mask) / area(whole) > leastHole;
  const signature = signatureOf(pierced ? whole : mask);
  if (pierced) {
    const discs = templates.filter(({ shape }) => shape === "circle");
    return {
      shape: "ring",
      overlap: Math.max(...discs.map((disc) => bestOverlap(disc.signature, signature))),
    };
  }
  return bestOf(templates, signature);
}

/** The template of the best overlap. The bound is cheap and spares most comparisons; it changes no result. */
function bestOf(
  among: readonly Template[],
  signature: Signature,
): Readonly<{ shape: Shape; overlap: number }> | undefined {
  const rows = among
    .map((template) => ({ ...template, bound: bound(template.signature, signature) }))
    .toSorted((a, b) => b.bound - a.bound);
  let best: Readonly<{ shape: Shape; overlap: number }> | undefined;
  for (const { shape, signature: ideal, bound: most } of rows) {
    if (best !== undefined && most <= best.overlap) break;
    const overlap = bestOverlap(ideal, signature);
    if (best === undefined || overlap > best.overlap) best = { shape, overlap };
  }
  return best;
}

/** No rotation can share more of a circle around the centre than the lesser of the two has on it. */
function bound(a: Signature, b: Signature): number {
  const total = weight(a) + weight(b);
  const both = sumOfLesser(ringSums(a), ringSums(b));
  return both / (total - both);
}

function sumOfLesser(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + Math.min(value, b[i] ?? 0) * (i + 0.5), 0);
}

function ringSums(signature: Signature): readonly number[] {
  return Array.from({ length: radii }, (_, i) =>
    signature.subarray(i * angles, (i + 1) * angles).reduce((sum, value) => sum + value, 0),
  );
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
