import { expect, test } from "bun:test";
import { readMethod, samplers, schedules } from "#/doors/a1111/reading/methods.ts";
import { samplerNames, scheduleNames } from "#/recipe/recipe.ts";

const method = (sampler: string | null, schedule: string | null = null) => {
  const { sampler: ours, schedule: walked } = readMethod(sampler, schedule);
  return [ours, walked];
};

test("every sampler and every schedule that is listed is one of ours", () => {
  for (const { name, aliases } of samplers)
    for (const one of [name, name.toLowerCase(), ...aliases])
      for (const { name: schedule, label } of schedules)
        for (const said of [schedule, label, schedule.toUpperCase()]) {
          const [ours = "", walked = ""] = method(one, said);
          expect([one, said, samplerNames.includes(ours as never)]).toEqual([one, said, true]);
          expect([one, said, scheduleNames.includes(walked as never)]).toEqual([one, said, true]);
        }
});

// A1111's sd_samplers_kdiffusion.py says the schedule that a sampler has by itself.
test.each([
  [null, null, "euler", "normal"],
  ["Euler a", "automatic", "euler_ancestral", "normal"],
  ["DPM++ 2M", null, "dpmpp_2m", "karras"],
  ["DPM++ 2M Karras", "Automatic", "dpmpp_2m", "karras"],
  ["DPM++ 2M SDE", "Automatic", "dpmpp_2m_sde_gpu", "exponential"],
  ["DPM++ 3M SDE", null, "dpmpp_3m_sde_gpu", "exponential"],
  ["DPM++ SDE", null, "dpmpp_sde_gpu", "karras"],
  ["DPM2 a", "", "dpm_2_ancestral", "karras"],
  ["Restart", null, "restart", "karras"],
  ["DPM++ 2M SDE Karras", "Exponential", "dpmpp_2m_sde_gpu", "karras"],
  ["Euler", "SGM Uniform", "euler", "sgm_uniform"],
  ["Euler SGMUniform", null, "euler", "sgm_uniform"],
  ["LMS", "uniform", "lms", "normal"],
  ["DDIM", null, "ddim", "ddim_uniform"],
  ["UniPC", null, "uni_pc", "normal"],
  ["LCM", "Automatic", "lcm", "lcm"],
])("%p with %p is %s, %s", (sampler, schedule, ours, walked) => {
  expect(method(sampler, schedule)).toEqual([ours, walked]);
});

test("a schedule for what walks timesteps of its own is told", () => {
  expect(readMethod("DDIM", "Karras").warnings).toEqual([
    expect.stringContaining("DDIM walks timesteps of its own"),
  ]);
  expect(method("DDIM", "Karras")).toEqual(["ddim", "ddim_uniform"]);
});

test.each([
  ["PLMS", null, "sampler_name", "similar: LMS"],
  ["DPM++ 2M SDE Heun", null, "sampler_name", "DPM++ 2M SDE"],
  ["Euler b Karras", null, "sampler_name", "Euler"],
  ["Euler", "KL Optimal", "scheduler", "similar:"],
])("%s with %p is refused by name", (sampler, schedule, field, near) => {
  try {
    readMethod(sampler, schedule);
    expect.unreachable();
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "unknown-model", details: { field } });
    expect(String(thrown)).toContain(near);
  }
});
