import { expect, test } from "bun:test";
import { samplerNames, scheduleNames } from "#/recipe/recipe.ts";
import { a1111Samplers, readA1111 } from "#/stores/metadata/a1111.ts";
import { methodOf } from "#/stores/metadata/a1111-schedules.ts";
import { factsOf } from "#/stores/metadata/facts.ts";

const rows: readonly (readonly [
  string | undefined,
  string | undefined,
  string | undefined,
  string | undefined,
])[] = [
  // What the picture says as Sampler and as Schedule type; the sampler and the schedule that are meant.
  ["DPM++ 2M Karras", undefined, "dpmpp_2m", "karras"],
  ["DPM++ 2M", "Karras", "dpmpp_2m", "karras"],
  ["DPM++ 2M", "Automatic", "dpmpp_2m", "karras"],
  ["DPM++ 2M", undefined, "dpmpp_2m", "normal"],
  ["DPM++ 2M SDE Exponential", undefined, "dpmpp_2m_sde_gpu", "exponential"],
  ["DPM++ 3M SDE", "Automatic", "dpmpp_3m_sde_gpu", "exponential"],
  ["DPM++ 3M SDE Karras", undefined, "dpmpp_3m_sde_gpu", "karras"],
  ["Euler a", undefined, "euler_ancestral", "normal"],
  ["Euler A", "Uniform", "euler_ancestral", "normal"],
  ["Euler", "SGM Uniform", "euler", "sgm_uniform"],
  ["DPM++ 2M SDE SGMUniform", undefined, "dpmpp_2m_sde_gpu", "sgm_uniform"],
  ["Euler a", "Align Your Steps", "euler_ancestral", "align_your_steps"],
  ["Euler", "KL Optimal", "euler", "KL Optimal"],
  ["DDIM", undefined, "ddim", undefined],
  ["LCM", "Automatic", "lcm", undefined],
  ["Restart", "Automatic", "restart", "karras"],
  ["Heun", "Automatic", "heun", "normal"],
  ["HeunPP2", "Automatic", "heunpp2", undefined],
  ["Something New", undefined, "Something New", undefined],
  [undefined, undefined, undefined, undefined],
  // Fooocus' own words beside a name of that family.
  ["DPM++ 2M SDE Karras", "karras", "dpmpp_2m_sde_gpu", "karras"],
  ["Euler", "sgm_uniform", "euler", "sgm_uniform"],
];
for (const [said, schedule, sampler, scheduler] of rows)
  test(`${said} / ${schedule}: ${sampler}, ${scheduler}`, () =>
    expect(methodOf(said, schedule)).toEqual({
      ...(sampler === undefined ? {} : { sampler }),
      ...(scheduler === undefined ? {} : { scheduler }),
    }));

test("all names of ours come back from what is written, the twins without _gpu as those with it", () => {
  const twins = { dpmpp_sde: "dpmpp_sde_gpu", dpmpp_2m_sde: "dpmpp_2m_sde_gpu" } as const;
  for (const name of samplerNames) {
    for (const scheduler of scheduleNames) {
      const theirs = a1111Samplers[name];
      const said = theirs === undefined ? name : `${theirs}${scheduler === "karras" ? " Karras" : ""}`;
      const sampler = name === "dpmpp_sde" || name === "dpmpp_2m_sde" ? twins[name] : name;
      expect(methodOf(said, scheduler)).toEqual({ sampler, scheduler });
    }
  }
});

test("a text with the line ends of Windows lost its negative prompt and its last value", () => {
  const text =
    "a cat\r\nin a hat\r\nNegative prompt: dog\r\nSteps: 20, Sampler: Euler a, Seed: 42, Size: 64x96\r\n";
  expect(factsOf("a1111", readA1111(text) ?? {})).toMatchObject({
    prompt: "a cat\nin a hat",
    negativePrompt: "dog",
    width: 64,
    height: 96,
  });
});

test("prose with colons and commas was taken for settings", () => {
  expect(readA1111("Dear Ann: I write, as I said: often, so: yes, well: no")).toBeUndefined();
});
