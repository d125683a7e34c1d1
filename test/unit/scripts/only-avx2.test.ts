import { expect, test } from "bun:test";
import { processorFeatures } from "#/lib/processor-features.ts";
import { multipliesEightBits } from "#/runtime/processor.ts";
import { type Disguise, onlyAvx2, withoutNewer } from "../../../scripts/bench/peers/avx2/only-avx2.ts";

/** Undefined where there is no compiler, no root, or a kernel or processor that does not let CPUID fail. */
const disguise = ((): Disguise | undefined => {
  try {
    return onlyAvx2();
  } catch {
    return undefined;
  }
})();
/** Where there is nothing to hide, nothing is shown by hiding it. */
const able = disguise !== undefined && multipliesEightBits(processorFeatures()) === true;

test("what came after AVX2 is taken out of Linux' list, and nothing else", () => {
  const flags =
    "flags\t\t: fma avx f16c avx2 avx512f avx512_bf16 avx_vnni sha_ni amx_tile amx_int8 vaes\nbugs\t: its\n";
  expect(withoutNewer(flags)).toBe("flags\t\t: fma avx f16c avx2 sha_ni vaes\nbugs\t: its\n");
});

test.if(able)(
  "on a processor with AVX2 alone fast is full by what it says, and by the trial where it says nothing",
  () => {
    const asked = `
    const { thisMachine, whyFull } = await import("#/runtime/eight-bits-choice.ts");
    const { tryEightBits } = await import("#/runtime/eight-bits-trial.ts");
    const said = await thisMachine.whyFull("cpu", 1)();
    const tried = await whyFull("cpu", () => undefined, () => tryEightBits(1, 1.3));
    console.log(JSON.stringify([said, tried]));`;
    const command = [process.execPath, "-e", asked];
    const child = Bun.spawnSync([...(disguise?.wrap(command) ?? command)], { env: process.env });
    expect(JSON.parse(child.stdout.toString())).toEqual([
      { because: "processor" },
      { because: "error", error: expect.any(Number) },
    ]);
  },
);
