import { describe, expect, test } from "bun:test";
import { holding, type StepCache } from "#/sampling/guidance/step-cache.ts";
import { combine, type Denoise, type Latent } from "#/sampling/sampler.ts";
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

/** The two sides, so far apart at a level. */
const apart = (distance: (sigma: number) => number): Estimates => ({
  positive: () => latent(1, 1),
  negative: (sigma) => latent(1 - distance(sigma), 1),
});
/** The level times the root of 1 and its square, by hand. */
const course: Readonly<Record<number, number>> = {
  10: 100.49876,
  5: 25.495098,
  4: 16.492423,
  2.5: 6.7314559,
  2: 4.472136,
  1.25: 2.0009764,
  1: Math.SQRT2,
  0.625: 0.73703247,
  0.3: 0.31320919,
};
const steady = apart((sigma) => 0.01 * (course[sigma] ?? Number.NaN));

describe("a distance that falls with the level as it is foretold to is held", () => {
  test("but for the first steps, by which that is known, and the last one; the positive side is always asked", async () => {
    const { asked, answers } = await walk(steady);
    expect(asked).toBe("p10 n10 p5 n5 p2.5 p1.25 p0.625 p0.3 n0.3");
    for (const [i, [positive, negative]] of answers.entries()) {
      expect(positive).toEqual([1, 1]);
      expect(negative?.[0]).toBeCloseTo(1 - 0.01 * (course[sigmas[i]!] ?? 0), 5);
      expect(negative?.[1]).toBe(1);
    }
  });

  test("not beyond a change of what the networks are told, nor above the level before", async () => {
    expect((await walk(steady, { told: (sigma) => `${sigma > 1}` })).asked).toBe(
      "p10 n10 p5 n5 p2.5 p1.25 p0.625 n0.625 p0.3 n0.3",
    );
    expect((await walk(steady, { last: 0 }, [10, 5, 2.5, 4, 2, 1])).asked).toBe(
      "p10 n10 p5 n5 p2.5 p4 n4 p2 n2 p1",
    );
  });

  test("a level that was asked about is asked about again: x is another one", async () => {
    expect((await walk(steady, { first: 20 }, [10, 5, 5, 2.5])).asked).toBe("p10 n10 p5 n5 p5 n5 p2.5");
  });
});

describe("a distance that does not is asked about", () => {
  test("from where it is off by more than the tolerance, of what a network predicts", async () => {
    // 0.3 in place of 0.8 * 25.495 / 100.499 is off by 0.09706, by half of it in the mean of two numbers; three times that, of
    // 2.5 / sqrt(1 + 2.5^2), is 0.1568.
    const distances: Readonly<Record<number, number>> = { 10: 0.8, 5: 0.3 };
    const asked = async (tolerance: number) =>
      (
        await walk(
          apart((sigma) => distances[sigma] ?? 0),
          { tolerance },
          [10, 5, 2.5],
        )
      ).asked;
    expect(await asked(0.156)).toBe("p10 n10 p5 n5 p2.5 n2.5");
    expect(await asked(0.158)).toBe("p10 n10 p5 n5 p2.5");
    const held = await walk(
      apart((sigma) => distances[sigma] ?? 0),
      { tolerance: 0.158 },
      [10, 5, 2.5],
    );
    // 0.3 * 6.7315 / 25.4951
    expect(held.answers[2]?.[1]?.[0]).toBeCloseTo(1 - 0.0792088, 6);
  });

  test("and then the answer makes up for half of what was foretold wrong, but for the last one, which is the picture", async () => {
    const distances: Readonly<Record<number, number>> = { 10: 0.8, 5: 0.3, 1.25: 0.05, 0.3: 0.02 };
    const { asked, answers } = await walk(
      apart((sigma) => distances[sigma] ?? Number.NaN),
      { tolerance: 0.158 },
      [10, 5, 2.5, 1.25, 0.3],
    );
    expect(asked).toBe("p10 n10 p5 n5 p2.5 p1.25 n1.25 p0.3 n0.3");
    // Half way from 5 to 1.25 in ln sigma: half of 0.3 * 6.7315 / 25.4951 and of 0.05 * 6.7315 / 2.00098, in place of 0.0792088.
    const error = 0.0792088 - 0.1237065;
    expect(answers[3]?.[1]?.[0]).toBeCloseTo(1 - 0.05 + 0.5 * error, 6);
    expect(answers[3]?.[1]?.[1]).toBeCloseTo(1, 6);
    expect(answers[4]?.[1]?.[0]).toBeCloseTo(1 - 0.02, 6);
  });

  test("nothing is made up for over a change of what the networks are told", async () => {
    const distances: Readonly<Record<number, number>> = { 10: 0.8, 5: 0.3, 1.25: 0.05 };
    const { asked, answers } = await walk(
      apart((sigma) => distances[sigma] ?? Number.NaN),
      { tolerance: 0.158, told: (sigma) => `${sigma > 2}` },
      [10, 5, 2.5, 1.25],
    );
    expect(asked).toBe("p10 n10 p5 n5 p2.5 p1.25 n1.25");
    expect(answers[3]?.[1]?.[0]).toBeCloseTo(1 - 0.05, 6);
  });

  test("the sooner the more the guidance counts it, and not where there is none", async () => {
    const runs = async (weight: number) =>
      (
        await walk(
          apart(() => 0.02),
          { weight: () => weight },
        )
      ).asked.split(" ").length;
    expect(await runs(0)).toBe(9);
    expect(await runs(1)).toBeLessThan(await runs(6));
    expect(await runs(20)).toBe(12);
  });

  test("a tolerance of nothing holds nothing, a wide one more than a narrow one", async () => {
    const runs = async (tolerance: number) =>
      (
        await walk(
          apart(() => 0.02),
          { tolerance },
        )
      ).asked.split(" ").length;
    const counts = [await runs(0), await runs(0.06), await runs(0.5)];
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
        // Another picture, which is nearer to it the less noise there is.
        const negative: Denoise = async (x, sigma) => {
          runs += 1;
          const away = 0.05 * Math.sin(sigma) + 0.4 * (sigma / (1 + sigma));
          return combine([1, await exact(x, sigma)], [-away, latent(1, -1)]);
        };
        const how = { ...cache, tolerance: tolerance ?? 0, weight: () => 1, first: 9, last: 0.03 };
        const sides = { positive, negative };
        const asked = tolerance === undefined ? sides : holding(sides, how);
        const denoise: Denoise = async (x, sigma) => {
          const one = await asked.positive(x, sigma);
          return combine([2, one], [-1, await asked.negative(x, sigma)]);
        };
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
      const [without, held, again] = [await run(undefined), await run(0.2), await run(0.2)];
      expect(held.runs).toBeLessThan(without.runs);
      expect(again).toEqual(held);
      for (const [i, value] of held.end.entries())
        expect(Math.abs(value - without.end[i]!)).toBeLessThan(0.1);
    });
});
