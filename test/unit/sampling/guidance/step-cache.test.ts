import { describe, expect, test } from "bun:test";
import { holding, type StepCache } from "#/sampling/guidance/step-cache.ts";
import type { Denoise, Latent } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";

const latent = (...values: readonly number[]): Latent => ({
  dims: [1, 1, 1, values.length],
  data: Float32Array.from(values),
});
const sigmas = [10, 5, 2.5, 1.25, 0.625, 0.3, 0];
const cache: StepCache = { tolerance: 0.1, weight: () => 3, first: 5, last: 0.3, told: () => "" };

type Estimates = Readonly<Record<"positive" | "negative", (sigma: number) => Latent>>;

/** Walks down levels with the two sides, and notes who was asked about which. */
async function walk(estimates: Estimates, more: Partial<StepCache> = {}, levels: readonly number[] = sigmas) {
  const asked: string[] = [];
  const side = (name: "positive" | "negative"): Denoise => {
    const estimate = estimates[name];
    return async (_, sigma) => {
      asked.push(`${name[0]}${sigma}`);
      return estimate(sigma);
    };
  };
  const sides = holding({ positive: side("positive"), negative: side("negative") }, { ...cache, ...more });
  const answers: [Latent, Latent][] = [];
  for (const sigma of levels.filter((level) => level > 0)) {
    const positive = await sides.positive(latent(0, 0), sigma);
    answers.push([positive, await sides.negative(latent(0, 0), sigma)]);
  }
  return { asked: asked.join(" "), answers: answers.map((both) => both.map(({ data }) => [...data])) };
}

/** Moves by so much in each halving of the level. */
const moving =
  (pace: number, at = 1) =>
  (sigma: number): Latent =>
    latent(at + pace * Math.log2(10 / sigma), 1);
const still = { positive: moving(0), negative: moving(0, 0.5) };

describe("what stands still is held", () => {
  test("but for the first steps, by which that is known, and the last one", async () => {
    const { asked, answers } = await walk(still);
    expect(asked).toBe("p10 n10 p5 n5 p0.3 n0.3");
    for (const both of answers)
      expect(both).toEqual([
        [1, 1],
        [0.5, 1],
      ]);
  });

  test("not beyond a change of what the networks are told, nor above the level before", async () => {
    expect((await walk(still, { told: (sigma) => `${sigma > 1}` })).asked).toBe(
      "p10 n10 p5 n5 p0.625 n0.625 p0.3 n0.3",
    );
    expect((await walk(still, { last: 0 }, [10, 5, 2.5, 4, 2, 1])).asked).toBe("p10 n10 p5 n5 p4 n4 p2 n2");
  });

  test("a level that was asked about is asked about again: x is another one", async () => {
    expect((await walk(still, { first: 20 }, [10, 5, 5, 2.5])).asked).toBe("p10 n10 p5 n5 p5");
  });
});

describe("what moves is asked about", () => {
  test("the negative side is the first that is not: its distance changes less", async () => {
    const together = { positive: moving(0.4), negative: moving(0.4, 0.5) };
    const { asked, answers } = await walk(together);
    expect(asked).toBe("p10 n10 p5 n5 p2.5 p1.25 p0.625 p0.3 n0.3");
    // It is as far below the positive side as it was.
    expect(answers[3]?.[0]?.[0]).toBeCloseTo(2.2);
    expect(answers[3]?.[1]?.[0]).toBeCloseTo(1.7);
  });

  test("the more the guidance counts it, the sooner its distance is asked for", async () => {
    const apart = { positive: moving(0), negative: moving(0.04, 0.5) };
    const runs = async (weight: number) =>
      (await walk(apart, { weight: () => weight })).asked.split(" ").length;
    expect(await runs(1)).toBeLessThan(await runs(6));
    expect(await runs(6)).toBe(12);
  });

  test("a tolerance of nothing holds nothing, a wide one more than a narrow one", async () => {
    const slow = { positive: moving(0.03), negative: moving(0.02, 0.5) };
    const runs = async (tolerance: number) => (await walk(slow, { tolerance })).asked.split(" ").length;
    const counts = [await runs(0), await runs(0.03), await runs(0.3)];
    expect(counts[0]).toBe(12);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(new Set(counts).size).toBe(3);
  });

  test("numbers that are none are never held", async () => {
    const lost = { positive: () => latent(Number.NaN, 1), negative: () => latent(Number.NaN, 1) };
    expect((await walk(lost)).asked.split(" ")).toHaveLength(12);
  });
});

describe("samplers", () => {
  const levels = [14, 9, 6, 4, 2.6, 1.7, 1.1, 0.7, 0.45, 0.3, 0.2, 0.12, 0.07, 0.03, 0];
  /** Points of a picture of two values: the estimate nears it as the noise falls. */
  const target = [0.8, -0.4];
  const exact: Denoise = async (x, sigma) => ({
    dims: x.dims,
    data: x.data.map((value, i) => (value + target[i]! * sigma ** 2) / (1 + sigma ** 2)),
  });

  for (const name of ["euler", "heun", "dpm_2", "dpmpp_2m", "dpmpp_sde", "lms", "uni_pc", "restart"] as const)
    test(`${name} comes to where it comes to without, in fewer runs, and twice to the same bits`, async () => {
      const run = async (tolerance: number | undefined) => {
        let runs = 0;
        const positive: Denoise = async (x, sigma) => {
          runs += 1;
          return await exact(x, sigma);
        };
        const how = { ...cache, tolerance: tolerance ?? 0, weight: () => 0, first: 9, last: 0.03 };
        const denoise =
          tolerance === undefined ? positive : holding({ positive, negative: positive }, how).positive;
        const noise = (from: number, to: number) => latent(Math.sin(from + to), Math.cos(from - to));
        const x = latent(11, -7);
        const walked = samplers[name].sample({
          denoise,
          x,
          sigmas: levels,
          noise,
          timestep: (sigma) => sigma,
        });
        for (;;) {
          const next = await walked.next();
          if (next.done === true) return { runs, end: [...next.value.data] };
        }
      };
      const [without, held, again] = [await run(undefined), await run(0.05), await run(0.05)];
      expect(held.runs).toBeLessThan(without.runs);
      expect(again).toEqual(held);
      for (const [i, value] of held.end.entries())
        expect(Math.abs(value - without.end[i]!)).toBeLessThan(0.15);
    });
});
