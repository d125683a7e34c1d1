import { expect, setDefaultTimeout, test } from "bun:test";
import { colorDifference } from "../../../scripts/bench/scene-reader/color-difference.ts";
import { distance, type Lab, toLab } from "../../../scripts/bench/scene-reader/lab.ts";
import { filled as fill, largestComponent } from "../../../scripts/bench/scene-reader/mask.ts";
import { type Picture, readScene } from "../../../scripts/bench/scene-reader/read-scene.ts";
import { shapes } from "../../../scripts/bench/scene-reader/templates.ts";
import evaluation from "../../../scripts/train/eval-prompts.json" with { type: "json" };
import { drawScene } from "../../support/draw-scene.ts";

setDefaultTimeout(300_000);

const { palette } = evaluation;
const names = Object.entries(palette);

/** Park and Miller's generator: the same scenes every time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function scenes(size: Readonly<{ width: number; height: number }>, seed: number, count: number) {
  const random = dice(seed);
  const between = (low: number, high: number) => low + (high - low) * random();
  const pick = () => names[Math.floor(random() * names.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const [background, ground] = pick();
    let [foreground, paint] = pick();
    while (Math.hypot(...paint.map((v, c) => v - ground[c]!)) < 100) [foreground, paint] = pick();
    const side = Math.min(size.width, size.height);
    const radius = side * between(0.17, 0.38);
    return {
      scene: {
        ...size,
        background: ground,
        foreground: paint,
        shape: shapes[i % shapes.length]!,
        x: between(radius * 1.15, size.width - radius * 1.15),
        y: between(radius * 1.15, size.height - radius * 1.15),
        radius,
        turn: between(0, 360),
        blur: random() < 0.5 ? 0 : between(0.4, 1.6),
        noise: between(0, 6),
      },
      background,
      foreground,
      random,
    };
  });
}

test.each([
  [{ width: 256, height: 256 }, 100, 2],
  [{ width: 320, height: 192 }, 40, 0],
])(
  "drawn at %o, of %i scenes it misreads at most %i: any place, size, rotation, with blur and noise",
  async (size, count, most) => {
    const misses: string[] = [];
    for (const { scene, background, foreground, random } of scenes(size, 1 + count, count)) {
      const read = readScene(await drawScene(scene, random), palette);
      if (read.background !== background || read.foreground !== foreground || read.shape !== scene.shape) {
        misses.push(
          `${foreground} ${scene.shape} on ${background}, r ${scene.radius.toFixed(0)} turn ${scene.turn.toFixed(0)}: ` +
            `read ${read.foreground} ${read.shape} on ${read.background} (${read.overlap.toFixed(2)})`,
        );
      }
    }
    if (misses.length > most) expect(misses).toEqual([]);
    expect(misses.length).toBeLessThanOrEqual(most);
  },
);

/** Pushes each pixel aside by a few slow waves and makes the whole longer one way: an outline as an unsure hand draws it. */
function bent(picture: Picture, radius: number, random: () => number): Picture {
  const { width, height, data } = picture;
  const between = (low: number, high: number) => low + (high - low) * random();
  const waves = Array.from({ length: 6 }, () => {
    const [pace, way] = [between(0.6, 2.2) / radius, between(0, 2 * Math.PI)];
    return {
      u: pace * Math.cos(way),
      v: pace * Math.sin(way),
      phase: between(0, 2 * Math.PI),
      x: between(-0.09, 0.09) * radius,
      y: between(-0.09, 0.09) * radius,
    };
  });
  const longer = Math.exp(between(-0.12, 0.12));
  const out = new Uint8Array(data.length);
  for (let at = 0; at < width * height; at++) {
    const x = (at % width) - width / 2;
    const y = Math.floor(at / width) - height / 2;
    let [u, v] = [x * longer, y / longer];
    for (const wave of waves) {
      const push = Math.sin(wave.u * x + wave.v * y + wave.phase);
      u += wave.x * push;
      v += wave.y * push;
    }
    const column = Math.min(width - 1, Math.max(0, Math.round(u + width / 2)));
    const row = Math.min(height - 1, Math.max(0, Math.round(v + height / 2)));
    out.set(data.subarray(3 * (row * width + column), 3 * (row * width + column) + 3), 3 * at);
  }
  return { width, height, data: out };
}

test("of 50 scenes that are drawn unevenly, longer one way and bent, it misreads at most 3", async () => {
  const random = dice(11);
  const misses: string[] = [];
  for (const [i, shape] of Array.from({ length: 5 }, () => shapes)
    .flat()
    .entries()) {
    const radius = 50 + 7 * (i % 5);
    const place = { width: 256, height: 256, x: 128, y: 128, radius, turn: 12 * random() - 6 };
    const paint = { background: palette.white, foreground: palette.navy, blur: 1, noise: 3 };
    const drawn = await drawScene({ ...place, ...paint, shape }, random);
    const read = readScene(bent(drawn, radius, random), palette);
    if (read.shape !== shape) misses.push(`${shape} as ${read.shape} (${read.overlap.toFixed(2)})`);
  }
  expect(misses.length > 3 ? misses : []).toEqual([]);
});

const filled = (width: number, height: number, at: (x: number, y: number) => readonly number[]): Picture => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return at(pixel % width, Math.floor(pixel / width))[i % 3]!;
  }),
});

test("an empty picture has a ground and nothing on it", () => {
  expect(
    readScene(
      filled(64, 64, () => palette.teal),
      palette,
    ),
  ).toMatchObject({
    background: "teal",
    foreground: undefined,
    shape: undefined,
  });
});

test("a blot is no shape, whatever it resembles most", () => {
  // An L with unequal arms: none of the ten, at any rotation.
  const blot = filled(128, 128, (x, y) =>
    (x > 20 && x < 34 && y > 10 && y < 115) || (y > 101 && y < 115 && x > 20 && x < 90)
      ? palette.red
      : palette.white,
  );
  expect(readScene(blot, palette)).toMatchObject({
    background: "white",
    foreground: "red",
    shape: undefined,
  });
});

test("a thing of the wrong colour or shape is not read as the right one", async () => {
  const base = { width: 256, height: 256, x: 128, y: 128, radius: 70, turn: 0, blur: 1, noise: 2 };
  const drawn = { ...base, background: palette.white, foreground: palette.maroon, shape: "square" as const };
  const read = readScene(await drawScene(drawn, dice(3)), palette);
  expect(read).toMatchObject({ background: "white", foreground: "maroon", shape: "square" });
});

test("Lab has white at 100, black at 0, grey without hue, and no two palette colours are neighbours", () => {
  expect(distance(toLab(255, 255, 255), [100, 0, 0])).toBeLessThan(0.1);
  expect(distance(toLab(0, 0, 0), [0, 0, 0])).toBeLessThan(0.1);
  expect(Math.hypot(...toLab(119, 119, 119).slice(1))).toBeLessThan(0.1);
  const labs = names.map(([, [r = 0, g = 0, b = 0]]) => toLab(r, g, b));
  const least = Math.min(...labs.flatMap((a, i) => labs.slice(i + 1).map((b) => distance(a, b))));
  expect(least).toBeGreaterThan(18);
});

test("of several parts the largest stays, corners count as joined", () => {
  const data = Uint8Array.from([1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0]);
  expect([...largestComponent({ width: 4, height: 3, data }).data]).toEqual([
    1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
  ]);
});

test("what a mask encloses is filled, also where its outline is joined by corners only", () => {
  const data = Uint8Array.from([0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0]);
  expect([...fill({ width: 5, height: 3, data }).data]).toEqual([
    0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0,
  ]);
});

// From the table that Sharma, Wu and Dalal published for checking implementations.
const pairs: readonly (readonly [Lab, Lab, number])[] = [
  [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
  [[50, -1, 2], [50, 0, 0], 2.3669],
  [[50, 2.5, 0], [73, 25, -18], 27.1492],
  [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
  [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
];
test.each(pairs)("the difference of %p and %p is the published %d", (one, other, published) => {
  expect(colorDifference(one, other)).toBeCloseTo(published, 4);
  expect(colorDifference(other, one)).toBeCloseTo(published, 4);
});
