import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processorFeatures } from "#/lib/processor-features.ts";
import { whyFull } from "#/runtime/eight-bits-choice.ts";
import { gainOf, tryEightBits } from "#/runtime/eight-bits-trial.ts";
import { multipliesEightBits } from "#/runtime/processor.ts";

const folder = mkdtempSync(join(tmpdir(), "processor-"));
afterAll(() => rmSync(folder, { recursive: true }));

const zen4 = new Set(["avx2", "avx512_vnni"]);
const worth = (error: number, gain: number) => async () => ({ error, gain });
const never = async (): Promise<never> => {
  throw new Error("nothing is tried");
};

test("8 bits are for the processor alone, and for one that adds their products in 32 bits", async () => {
  expect(await whyFull("cuda", () => zen4, never)).toEqual({ because: "device", device: "cuda" });
  expect(await whyFull("webgpu", () => zen4, never)).toEqual({ because: "device", device: "webgpu" });
  expect(await whyFull("cpu", () => new Set(["avx2"]), never)).toEqual({ because: "processor" });
  expect(await whyFull("cpu", () => zen4, worth(0.007, 3))).toBeUndefined();
});

test("what the trial finds decides, also where the processor says nothing", async () => {
  for (const features of [() => zen4, () => undefined]) {
    expect(await whyFull("cpu", features, worth(0.055, 3))).toEqual({ because: "error", error: 0.055 });
    expect(await whyFull("cpu", features, worth(Number.NaN, 3))).toMatchObject({ because: "error" });
    expect(await whyFull("cpu", features, worth(0.007, 1.05))).toEqual({ because: "gain", gain: 1.05 });
    expect(await whyFull("cpu", features, worth(0.007, 2))).toBeUndefined();
  }
});

test("features are read as Linux lists them, of x86 and of Arm", () => {
  const written = (text: string): string => {
    const path = join(folder, "cpuinfo");
    writeFileSync(path, text);
    return path;
  };
  const x86 =
    "processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni\nbugs\t\t: none\n\nprocessor\t: 1\nflags\t\t: fpu\n";
  expect(processorFeatures(written(x86))).toEqual(new Set(["fpu", "avx2", "avx512_vnni"]));
  expect(multipliesEightBits(processorFeatures(written(x86)))).toBe(true);
  const arm = "processor\t: 0\nFeatures\t: fp asimd asimddp\n";
  expect(multipliesEightBits(processorFeatures(written(arm)))).toBe(true);
  expect(multipliesEightBits(processorFeatures(written("flags\t: fpu avx2\n")))).toBe(false);
  expect(multipliesEightBits(processorFeatures(written("nothing of the sort\n")))).toBeUndefined();
  expect(processorFeatures(join(folder, "absent"))).toBeUndefined();
});

test("the trial's error is that of rounding where products are exact", async () => {
  const { error, gain } = await tryEightBits(1, 1.3);
  expect(gain).toBeGreaterThan(0);
  if (multipliesEightBits(processorFeatures()) === true) expect(error).toBeLessThan(0.012);
  expect(error).toBeGreaterThan(0.001);
});

test("a gain is that of the shortest times, and one too small is asked about again", async () => {
  const turnsOf = async (times: readonly (readonly [full: number, fast: number])[]) => {
    let [full, fast] = [0, 0];
    const gain = await gainOf(
      { full: async () => times[full++]?.[0] ?? 20, fast: async () => times[fast++]?.[1] ?? 10 },
      1.3,
    );
    return { gain, turns: [full, fast] };
  };
  expect(await turnsOf([[21, 8]])).toEqual({ gain: 2.5, turns: [7, 7] });
  const disturbed = Array.from({ length: 10 }, () => [20, 19] as const);
  expect(await turnsOf(disturbed)).toEqual({ gain: 2, turns: [11, 11] });
  const never = Array.from({ length: 100 }, () => [20, 19] as const);
  expect(await turnsOf(never)).toEqual({ gain: 20 / 19, turns: [42, 42] });
});
