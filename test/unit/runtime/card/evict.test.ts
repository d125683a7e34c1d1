import { expect, test } from "bun:test";
import { leavingCard, type OnCard } from "#/runtime/card/evict.ts";
import type { JobRoom } from "#/runtime/card/job-plan.ts";

const open = (...entries: readonly (readonly [string, number])[]): OnCard =>
  new Map(
    entries.map(([key, copied], at) => [key, { usedAt: at, footprint: { mapped: new Map(), copied } }]),
  );

const load = (features: number, ...beside: string[]) => ({ features, beside: new Set(beside) });
const room: JobRoom = {
  bytes: 100,
  loads: new Map([
    ["text", load(5)],
    ["unet", load(10, "unet", "net")],
    ["net", load(10, "unet", "net")],
    ["vae", load(60)],
  ]),
  stays: new Set(["unet"]),
  guidance: "together",
  wholePixels: 1,
};

test("without a card nothing leaves", () => {
  expect(leavingCard(open(["text", 1000]), { key: "unet", bytes: 1000 }, undefined)).toEqual([]);
});

test("what does not stay by the plan leaves first, and no more than has to", () => {
  const there = open(["unet", 40], ["text", 20], ["old", 20]);
  expect(leavingCard(there, { key: "vae", bytes: 2 }, room)).toEqual(["text", "old", "unet"]);
  expect(leavingCard(there, { key: "small", bytes: 20 }, room)).toEqual(["text"]);
  expect(leavingCard(there, { key: "none", bytes: 5 }, room)).toEqual([]);
});

test("what must be open beside it never leaves, nor does it itself", () => {
  const there = open(["unet", 60], ["text", 5]);
  expect(leavingCard(there, { key: "net", bytes: 40 }, room)).toEqual(["text"]);
});

test("a network that is open counts with what it needs for this job's pictures", () => {
  const there = open(["text", 20], ["old", 10], ["vae", 20]);
  expect(leavingCard(there, { key: "vae", bytes: 0 }, room)).toEqual(["text"]);
});
