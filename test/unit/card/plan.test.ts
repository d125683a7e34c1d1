import { expect, test } from "bun:test";
import { type CardPlan, type Load, planCard, reserved, type Stage } from "#/card/plan.ts";
import { plansFor } from "#/card/plan-text.ts";
import { published, usualJobs } from "#/card/usual-jobs.ts";

const load = (name: string, weights: number, features = 0): Load => ({ key: name, name, weights, features });

const text: Stage = { stage: "texts", ways: [{ way: "plain", loads: [load("text", 30)] }] };
const unet: Stage = {
  stage: "denoising",
  ways: [
    { way: "together", loads: [load("unet", 50, 10)] },
    { way: "apart", loads: [load("unet", 50, 5)] },
  ],
};
const vae: Stage = {
  stage: "pictures",
  ways: [
    { way: "whole", loads: [load("vae", 2, 40)] },
    { way: "strips", loads: [load("vae", 2, 3)] },
  ],
};

/** The ways and what stays, with room for so much. */
function planned(room: number) {
  const plan = planCard(reserved + room, [text, unet, vae]);
  if (!plan.fits) return plan;
  return { ways: plan.stages.map(({ way }) => way), stays: [...plan.stays].toSorted() };
}

test("the quickest way that fits is taken, and what is denoised with stays first", () => {
  expect(planned(132)).toEqual({ ways: ["plain", "together", "whole"], stays: ["text", "unet", "vae"] });
  expect(planned(131)).toEqual({ ways: ["plain", "together", "whole"], stays: ["unet"] });
  expect(planned(101)).toEqual({ ways: ["plain", "together", "whole"], stays: ["text"] });
  expect(planned(60)).toEqual({ ways: ["plain", "together", "whole"], stays: [] });
  expect(planned(59)).toEqual({ ways: ["plain", "apart", "whole"], stays: [] });
});

test("what fits in no way is refused with the bytes that the least of its ways needs", () => {
  expect(planned(54)).toMatchObject({ fits: false, stage: "denoising", needed: reserved + 55 });
  expect(planned(29)).toMatchObject({ fits: false, stage: "texts", needed: reserved + 30 });
});

test("a network of two stages takes what it takes in the larger one", () => {
  const small: Stage = { stage: "refining", ways: [{ way: "apart", loads: [load("unet", 50, 1)] }] };
  const plan = planCard(reserved + 90, [text, small, unet]);
  expect(plan.fits && plan.stays).toEqual(new Set(["unet", "text"]));
  const less = planCard(reserved + 89, [text, small, unet]);
  expect(less.fits && less.stays).toEqual(new Set(["unet"]));
});

/** How a usual job goes on a card of so many gigabytes. */
function usual(gigabytes: number, job: string): CardPlan {
  const found = usualJobs.find((one) => one.job === job);
  if (found === undefined) throw new Error(`${job} is no usual job`);
  return planCard(gigabytes * 2 ** 30, found.stages);
}

const sdxl = "SDXL, 1024 x 1024";

test("SDXL on cards from 4 to 24 GB: refused, one after the other, in one run, all at once", () => {
  const ways = (gigabytes: number) => {
    const plan = usual(gigabytes, sdxl);
    if (!plan.fits) return plan.stage;
    const stays = plan.stays.size;
    return { ways: plan.stages.slice(2).map(({ way }) => way), stays };
  };
  expect(ways(4)).toBe("denoising");
  expect(ways(6)).toEqual({ ways: ["apart", "whole"], stays: 0 });
  expect(ways(8)).toEqual({ ways: ["together", "whole"], stays: 1 });
  expect(ways(12)).toEqual({ ways: ["together", "whole"], stays: 2 });
  for (const large of [16, 24]) expect(ways(large)).toEqual({ ways: ["together", "whole"], stays: 4 });
});

test("no stage of any usual job takes more than a card has, and what stays fits beside each", () => {
  for (const gigabytes of [4, 6, 8, 12, 16, 24])
    for (const { stages } of usualJobs) {
      const plan = planCard(gigabytes * 2 ** 30, stages);
      if (!plan.fits) {
        expect(plan.needed).toBeGreaterThan(gigabytes * 2 ** 30);
        continue;
      }
      for (const { loads } of plan.stages) {
        const names = new Set([...plan.stays, ...loads.map(({ name }) => name)]);
        const weights = [...names].reduce(
          (sum, name) => sum + published[name as keyof typeof published] * 2 ** 20,
          0,
        );
        expect(weights).toBeLessThan(gigabytes * 2 ** 30 - reserved);
      }
    }
});

test("more memory never makes a job worse", () => {
  for (const { job } of usualJobs) {
    let before = -1;
    for (let gigabytes = 2; gigabytes <= 32; gigabytes += 1) {
      const plan = usual(gigabytes, job);
      const worth = plan.fits
        ? plan.stages.reduce((sum, { way }) => sum + (way === "apart" || way === "strips" ? 0 : 1), 1)
        : 0;
      expect(worth).toBeGreaterThanOrEqual(before);
      before = worth;
    }
  }
});

test("a plan is told in words, with the size of the card that would do", () => {
  const told = new Map(plansFor(8 * 2 ** 30).map(({ job, text: words }) => [job, words]));
  expect(told.get("SDXL and a ControlNet, 1024 x 1024")).toBe(
    "does not fit: SDXL's UNet and a ControlNet want a card of 8.98 GB",
  );
  expect(told.get("SDXL, 1536 x 1536")).toContain("the VAE strip by strip");
  const small = new Map(plansFor(4 * 2 ** 30).map(({ job, text: words }) => [job, words]));
  expect(small.get("SDXL, 1024 x 1024")).toMatch(/^does not fit: SDXL's UNet wants a card of /);
});
