import { expect, test } from "bun:test";
import { decodeTiled, encodeTiled } from "#/pipeline/stages/tiled-vae.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { tiled, tilesOf } from "#/tensor/tiled.ts";
import { stubNetworks } from "../../support/stub-job.ts";

async function drained<Done>(
  work: AsyncGenerator<unknown, Done, undefined>,
): Promise<Readonly<{ told: unknown[]; done: Done }>> {
  const told: unknown[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done === true) return { told, done: next.value };
    told.push(next.value);
  }
}

const ramp = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, at) => Math.sin(at)),
});

/** The mean of each square of 8 x 8, as a network that makes a latent would give it; and the way back. */
function shrink({ dims, data }: Tensor): Tensor {
  const [, , H = 0, W = 0] = dims;
  const out = new Float32Array((4 * H * W) / 64);
  for (let y = 0; y < H; y += 1)
    for (let x = 0; x < W; x += 1)
      for (let c = 0; c < 4; c += 1)
        out[(c * (H >> 3) + (y >> 3)) * (W >> 3) + (x >> 3)]! += data[((c % 3) * H + y) * W + x]! / 64;
  return { dims: [1, 4, H >> 3, W >> 3], data: out };
}

function grow({ dims, data }: Tensor): Tensor {
  const [, , h = 0, w = 0] = dims;
  const [H, W] = [8 * h, 8 * w];
  const out = Float32Array.from({ length: 3 * H * W }, (_, at) => {
    const [c, y, x] = [Math.floor(at / (H * W)), Math.floor(at / W) % H, at % W];
    return data[(c * h + (y >> 3)) * w + (x >> 3)]!;
  });
  return { dims: [1, 3, H, W], data: out };
}

const farthest = (a: Tensor, b: Tensor): number =>
  a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - b.data[at]!)), 0);

test("what does not depend on its surroundings is the same in tiles, also where the last one is a sliver", async () => {
  for (const [width, height] of [
    [65, 13],
    [49, 97],
    [20, 20],
    [1, 50],
  ] as const) {
    const input = ramp([1, 2, height, width]);
    const tiling = { width: 32, height: 24, overlap: 8 };
    const { told, done } = await drained(
      tiled(input, tiling, { ask: async (tile) => tile, channels: 2, scale: 1 }),
    );
    expect([width, height, done.dims]).toEqual([width, height, input.dims]);
    expect(farthest(done, input)).toBeLessThan(1e-6);
    expect(told).toHaveLength(tilesOf(input, tiling));
  }
});

test("tiles rise from their sides: where two of them meet each counts by how deep in it a place is", async () => {
  let tile = 0;
  const tiling = { width: 8, height: 8, overlap: 4 };
  const { done } = await drained(
    tiled(ramp([1, 1, 4, 12]), tiling, {
      ask: async ({ dims, data }) => {
        tile += 1;
        return { dims, data: data.map(() => tile) };
      },
      channels: 1,
      scale: 1,
    }),
  );
  // Tiles from 0, 4 and 8, the last one cut off. (4/4 * 1 .. 1/4 * 4/4) against the next one's rise.
  const mean = (left: number, right: number, of: number): number =>
    (left * of + right * (of + 1)) / (left + right);
  const row = [...done.data.slice(0, 12)];
  expect(row.slice(0, 4)).toEqual([1, 1, 1, 1]);
  for (const [at, value] of [mean(4, 1, 1), mean(3, 2, 1), mean(2, 3, 1), mean(1, 4, 1)].entries())
    expect(row[4 + at]).toBeCloseTo(value, 5);
});

test("a VAE's tiles are the reference's three shapes, each told before it is asked", async () => {
  const shapes: string[] = [];
  const note = ({ dims }: Tensor): void => {
    shapes.push(`${dims[3]}x${dims[2]}`);
  };
  const { done, told } = await drained(
    decodeTiled(
      ramp([1, 4, 64, 80]),
      stubNetworks({
        decode: async (latent) => {
          note(latent);
          return grow(latent);
        },
      }),
    ),
  );
  expect(done.dims).toEqual([1, 3, 512, 640]);
  expect(farthest(done, grow(ramp([1, 4, 64, 80])))).toBeLessThan(1e-5);
  expect([shapes[0], shapes.includes("80x32"), shapes.includes("64x64"), told.length]).toEqual([
    "32x64",
    true,
    true,
    shapes.length,
  ]);
  expect(told.at(-1)).toEqual({ done: told.length - 1, of: told.length });
});

test("pictures are made latents of in tiles, also one whose last tile is 8 pixels wide", async () => {
  const picture = ramp([1, 3, 512, 904]);
  const encoded = await drained(
    encodeTiled(picture, stubNetworks({ encode: async (image) => shrink(image) })),
  );
  expect(encoded.done.dims).toEqual([1, 4, 64, 113]);
  expect(farthest(encoded.done, shrink(picture))).toBeLessThan(1e-5);
});
