import { expect, test } from "bun:test";
import type { Sampler } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";
import type { Schedule } from "#/sampling/schedules/schedule.ts";
import { schedules } from "#/sampling/schedules.ts";
import { goldenKeys, type Proof, unproven } from "../support/unproven.ts";

/** No sampler and no schedule is there on its author's word alone: whoever adds a line to a table adds its golden. */
const walks: Proof = {
  what: "sampler",
  file: "sampling.safetensors",
  script: "scripts/golden/sampling.py",
  key: (name) => `toy.${name}.12`,
};
const spacings: Proof = {
  what: "schedule",
  file: "timesteps.safetensors",
  script: "scripts/golden/timesteps.py",
  key: (name) => `scaled-linear.${name}.timesteps`,
};

test("every sampler has a golden", () => {
  const table: Readonly<Record<string, Sampler>> = samplers;
  expect(unproven(table, ({ sample }) => sample, goldenKeys(walks.file), walks)).toEqual([]);
});

test("every schedule has a golden", () => {
  const table: Readonly<Record<string, Schedule>> = schedules;
  expect(unproven(table, (schedule) => schedule, goldenKeys(spacings.file), spacings)).toEqual([]);
});

test("an entry without a golden is found and told what to make; one that computes as a proven one is not", () => {
  const [known, added] = [() => 1, () => 2];
  const table = { euler: known, ddim: known, mine: added, "mine.too": added };
  const keys = new Set(["toy.euler.12", "toy.min.12", "toy.mine.4", "scaled-linear.mine.timesteps"]);
  const sentence = (name: string) =>
    `Nothing shows that the sampler ${name} computes what the reference does: add it to scripts/golden/sampling.py ` +
    `and run that, so that test/golden/sampling.safetensors has the tensor toy.${name}.12.`;
  expect(unproven(table, (entry) => entry, keys, walks)).toEqual([sentence("mine"), sentence("mine.too")]);
  expect(unproven(table, (entry) => entry, new Set(), walks)).toHaveLength(4);
  expect(unproven({}, (entry) => entry, new Set(), walks)).toEqual([]);
});
