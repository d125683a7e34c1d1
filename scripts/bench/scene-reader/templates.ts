import type { Mask } from "./mask.ts";

/** The ten shapes of the demo model's world. */
export const shapes = [
  "circle",
  "square",
  "triangle",
  "star",
  "heart",
  "ring",
  "cross",
  "diamond",
  "moon",
  "flower",
] as const;
export type Shape = (typeof shapes)[number];

/** Whether a point belongs to the shape; x to the right, y downwards, the shape within about 1.2 of the origin. */
type Inside = (x: number, y: number) => boolean;

/** What each shape may look like; where it varies (a moon's phase, a flower's heart), one entry for each look. */
const looks: Readonly<Record<Shape, readonly Inside[]>> = {
  circle: [disc(0, 0, 1)],
  square: [(x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.86],
  triangle: [
    polygon([0, -1], [1, 0.75], [-1, 0.75]),
    polygon([0, -1.1], [1, 0.63], [-1, 0.63]),
    polygon([0, -1.1], [0.8, 0.7], [-0.8, 0.7]),
  ],
  star: [star(0.33), star(0.41), star(0.5)],
  heart: [heart, (x, y) => heart(x * 0.9, y * 1.05)],
  ring: [ring(0.45), ring(0.56), ring(0.68), ring(0.8)],
  cross: [cross(0.26), cross(0.34), cross(0.42)],
  diamond: [rhombus(0.6), rhombus(0.67), rhombus(0.76)],
  moon: [moon(0.3, 0.85), moon(0.48, 0.82), moon(0.6, 0.85), moon(0.75, 0.9)],
  flower: [5, 6, 7, 8].flatMap((petals) => [flower(petals, 0), flower(petals, 0.24)]),
};

/** Drawn by hand or by a network a shape is now and then longer one way than the other, by so much at most. */
const longer = 1.25;

/**
 * Of a diamond and a triangle longer ones are among the looks; a shorter diamond is a square, and a wide triangle that stands on its
 * point is nearer to many a heart than hearts are.
 */
const asTheyAre: ReadonlySet<Shape> = new Set(["diamond", "triangle"]);

/** Every look of every shape, drawn 192 pixels wide: as it is, and longer along each of its axes. */
export function drawTemplates(): readonly Readonly<{ shape: Shape; mask: Mask }>[] {
  return shapes.flatMap((shape) =>
    looks[shape]
      .flatMap((inside) =>
        asTheyAre.has(shape) ? [inside] : [inside, stretched(inside, longer), stretched(inside, 1 / longer)],
      )
      .map((inside) => ({ shape, mask: draw(inside) })),
  );
}

/** So many times as high as it is wide, of the same area. */
function stretched(inside: Inside, ratio: number): Inside {
  const side = Math.sqrt(ratio);
  return (x, y) => inside(x * side, y / side);
}

function draw(inside: Inside): Mask {
  const side = 192;
  const data = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (inside(((x + 0.5) / side - 0.5) * 2.6, ((y + 0.5) / side - 0.5) * 2.6)) data[y * side + x] = 1;
    }
  }
  return { width: side, height: side, data };
}

function disc(cx: number, cy: number, radius: number): Inside {
  return (x, y) => Math.hypot(x - cx, y - cy) < radius;
}

/** Even-odd rule. */
function polygon(...points: readonly (readonly [number, number])[]): Inside {
  return (x, y) => {
    let inside = false;
    for (const [i, [x1, y1]] of points.entries()) {
      const [x2, y2] = points[(i + 1) % points.length] ?? [0, 0];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
    }
    return inside;
  };
}

function star(inner: number): Inside {
  const points = Array.from({ length: 10 }, (_, i): readonly [number, number] => {
    const radius = i % 2 === 0 ? 1.1 : 1.1 * inner;
    return [radius * Math.sin((Math.PI * i) / 5), -radius * Math.cos((Math.PI * i) / 5)];
  });
  return polygon(...points);
}

/** The sextic (x² + y² - 1)³ < x² y³, turned upright for y downwards. */
function heart(x: number, y: number): boolean {
  const u = x * 1.12;
  const v = -y * 1.12 + 0.1;
  return (u * u + v * v - 1) ** 3 < u * u * v ** 3;
}

function ring(hole: number): Inside {
  return (x, y) => Math.hypot(x, y) < 1 && Math.hypot(x, y) > hole;
}

function cross(half: number): Inside {
  return (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 1 && Math.min(Math.abs(x), Math.abs(y)) < half;
}

function rhombus(aspect: number): Inside {
  return (x, y) => Math.abs(x) / aspect + Math.abs(y) < 1.1;
}

function moon(offset: number, radius: number): Inside {
  return (x, y) => Math.hypot(x, y) < 1 && Math.hypot(x - offset, y) > radius;
}

function flower(petals: number, hole: number): Inside {
  const leaves = Array.from({ length: petals }, (_, i) => {
    const angle = (2 * Math.PI * i) / petals;
    return disc(0.62 * Math.sin(angle), -0.62 * Math.cos(angle), 2.2 / petals);
  });
  return (x, y) => Math.hypot(x, y) > hole && (Math.hypot(x, y) < 0.5 || leaves.some((leaf) => leaf(x, y)));
}
