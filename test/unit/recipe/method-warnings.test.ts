import { expect, test } from "bun:test";
import { askedOtherwise, leftOutRefiner, scaledOtherwise, stepsWarning } from "#/recipe/method-warnings.ts";
import { samplerNames, scheduleNames } from "#/recipe/recipe.ts";

const source = { kind: "noise" } as const;

test("turbo and the end of ddim_uniform make fewer steps than asked for, which is told with what they can make", () => {
  expect(stepsWarning({ source, sampler: "euler", schedule: "turbo", steps: 30 })).toBe(
    "turbo with euler makes 1 to 10 steps: 10 are made where 30 were asked for.",
  );
  expect(stepsWarning({ source, sampler: "dpm_2", schedule: "turbo", steps: 10 })).toBe(
    "turbo with dpm_2 makes 1 to 9 steps: 9 are made where 10 were asked for.",
  );
  expect(stepsWarning({ source, sampler: "euler", schedule: "ddim_uniform", steps: 1000 })).toContain(
    "1 to 999",
  );
});

test("ddim_uniform stops far above its end at some counts, which is told with the next ones at which it does not", () => {
  const told = (steps: number) => stepsWarning({ source, sampler: "euler", schedule: "ddim_uniform", steps });
  expect(told(600)).toBe(
    "ddim_uniform makes no run of 600 steps to its end: of its 999 the last 399 are left out, as in Fooocus, and details with them. It makes 500 or 998.",
  );
  for (const steps of [1, 8, 20, 30, 60, 166, 200, 500, 999])
    expect([steps, told(steps)]).toEqual([steps, undefined]);
  for (let steps = 1; steps < 1000; steps += 7) {
    const offered = [...(told(steps)?.matchAll(/\d+(?= or|\.$)/g) ?? [])].map(([count]) => Number(count));
    for (const count of offered) expect([count, told(count)]).toEqual([count, undefined]);
    expect(offered.length === 0).toBe(told(steps) === undefined);
  }
});

test("every other schedule makes what is asked, and every number that a sentence offers is made", () => {
  for (const schedule of scheduleNames) {
    for (const sampler of ["euler", "dpm_2"] as const) {
      for (const steps of [1, 2, 3, 4, 8, 9, 10, 11, 30, 60, 332, 499, 998, 999, 1000]) {
        const told = stepsWarning({ source, sampler, schedule, steps });
        const most = Number(/1 to (\d+) steps/.exec(told ?? "")?.[1] ?? steps);
        expect([schedule, sampler, steps, stepsWarning({ source, sampler, schedule, steps: most })]).toEqual([
          schedule,
          sampler,
          steps,
          undefined,
        ]);
        const mayBeFewer = schedule === "turbo" ? steps > 8 : schedule === "ddim_uniform" && steps > 998;
        if (!mayBeFewer) expect([schedule, steps, told]).toEqual([schedule, steps, undefined]);
      }
    }
  }
  expect(samplerNames).toContain("dpm_2");
});

test("a schedule that asks a network in another way than its file says is told, for each kind of file", () => {
  const told = (schedule: (typeof scheduleNames)[number], answers: "eps" | "v" | "edm" | "edm-v"): boolean =>
    askedOtherwise({ base: "base.safetensors", schedule }, answers).length > 0;
  for (const schedule of ["lcm", "tcd"] as const) {
    expect((["eps", "v", "edm", "edm-v"] as const).map((answers) => told(schedule, answers))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  }
  expect(told("edm_playground_v2.5", "edm")).toBe(false);
  expect(told("edm_playground_v2.5", "eps")).toBe(true);
  for (const schedule of ["karras", "turbo", "align_your_steps"] as const)
    expect(told(schedule, "v")).toBe(false);
  expect(askedOtherwise({ base: "a.safetensors" }, "v")).toEqual([]);
  expect(askedOtherwise({ base: "a.safetensors", schedule: "lcm" }, "v")).toEqual([
    "a.safetensors predicts v, but the schedule lcm asks it as if it predicted noise: its pictures will be wrong. Choose another scheduler_name or performance_selection.",
  ]);
});

test("a refiner whose latents are scaled otherwise is told, but where it starts from a clean one or all are asked alike", () => {
  const told = (swap: "joint" | "separate" | "vae", schedule: "karras" | "edm_playground_v2.5" = "karras") =>
    scaledOtherwise({ schedule, refiner: { name: "other.safetensors", swap, at: 3 } }, both).length;
  const both = { base: "eps", refiner: "edm" } as const;
  expect([told("joint"), told("separate"), told("vae"), told("joint", "edm_playground_v2.5")]).toEqual([
    1, 1, 0, 0,
  ]);
  const refiner = { name: "other.safetensors", swap: "joint", at: 3 } as const;
  expect(scaledOtherwise({ refiner }, { base: "edm", refiner: "edm" })).toEqual([]);
  expect(scaledOtherwise({ refiner }, { base: "eps", refiner: "edm-v" })).toEqual([]);
  expect(scaledOtherwise({ refiner: null }, both)).toEqual([]);
});

test("a mode without a refiner says that it leaves the named one out", () => {
  const said = (refiner_model_name: string, performance_selection: "Speed" | "Lightning") =>
    leftOutRefiner({ refiner_model_name, performance_selection }, "base.safetensors");
  expect(said("r.safetensors", "Lightning")).toBe(
    "The refiner r.safetensors is left out: Lightning has none, as in Fooocus. Speed and Quality take one.",
  );
  expect([
    said("r.safetensors", "Speed"),
    said("None", "Lightning"),
    said("base.safetensors", "Lightning"),
  ]).toEqual([undefined, undefined, undefined]);
});
