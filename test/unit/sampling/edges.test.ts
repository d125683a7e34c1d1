import { expect, test } from "bun:test";
import { combine, type Latent, type Walk } from "#/sampling/sampler.ts";
import { type BuiltSampler, samplers } from "#/sampling/samplers.ts";

const latent = (...values: number[]): Latent => ({
  dims: [1, 1, 1, values.length],
  data: Float32Array.from(values),
});

async function walked(name: BuiltSampler, walk: Partial<Walk>): Promise<{ end: number[]; steps: number }> {
  const x = latent(3, -5);
  const denoise: Walk["denoise"] = async (noisy, sigma) => combine([1 / (1 + sigma ** 2), noisy]);
  const noise = () => latent(0, 0);
  const walking = samplers[name].sample({ x, denoise, noise, sigmas: [], timestep: () => 0, ...walk });
  for (let steps = 0; ; steps += 1) {
    const next = await walking.next();
    if (next.done === true) return { end: [...next.value.data], steps };
  }
}

for (const name of ["dpm_fast", "dpm_adaptive", "uni_pc", "uni_pc_bh2"] as const) {
  test(`${name} in a single step is Euler's: no way leads from a level to itself`, async () => {
    expect(await walked(name, { sigmas: [2, 0] })).toEqual(await walked("euler", { sigmas: [2, 0] }));
  });
}

for (const name of ["uni_pc", "uni_pc_bh2"] as const) {
  test(`${name} takes a level that is there twice once`, async () => {
    const once = await walked(name, { sigmas: [4, 2, 1, 0.5, 0] });
    expect(await walked(name, { sigmas: [4, 4, 2, 1, 0.5, 0] })).toEqual(once);
    expect(once.end.every(Number.isFinite)).toBe(true);
  });
}

test("dpm_adaptive ends when numbers run away, whose step would never be accepted", async () => {
  const { end, steps } = await walked("dpm_adaptive", {
    sigmas: [4, 1, 0],
    denoise: async () => latent(Number.NaN, 1),
  });
  expect(end[0]).toBeNaN();
  expect(steps).toBe(1);
});

test("restart begins at the table's highest level without noise, however Karras' levels round it", async () => {
  const asked: number[] = [];
  const noise = (from: number, to: number): Latent => {
    asked.push(from, to);
    return latent(0, 0);
  };
  const table = Array.from({ length: 24 }, (_, i) => Math.fround(4 * 0.85 ** i));
  await walked("restart", { sigmas: [...table, 0], noise });
  expect(asked).toHaveLength(2);
  const [low = 0, high = 0] = asked;
  expect(low).toBeLessThan(0.2);
  expect(high).toBeGreaterThan(1.5);
});

test("what is yielded comes before x moves on, and its indexes are the reference's", async () => {
  const x = latent(3, -5);
  const walk = { x, sigmas: [4, 2, 1, 0], noise: () => latent(0, 0), timestep: () => 0 };
  for (const { sample } of Object.values(samplers)) {
    const first = await sample({ ...walk, denoise: async () => latent(0, 0) }).next();
    if (first.done === true) throw new Error("a walk of three steps has a first one");
    expect(first.value.index).toBe(0);
    for (const [i, value] of first.value.x.data.entries()) expect(value).toBeCloseTo(x.data[i]!, 5);
  }
});
