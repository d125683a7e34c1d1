import { expect, test } from "bun:test";
import { clockFinding, memoryFinding, processorFinding } from "#/cli/doctor/machine.ts";

const cpu = (flags: string): string => `model name\t: A Processor\nflags\t\t: fpu ${flags}\n`;

test("a processor without AVX2 is a fault, one core is weak, and features are named", () => {
  const good = processorFinding(cpu("avx2 fma avx512_vnni"), 4);
  expect([good.level, good.found]).toEqual(["good", "A Processor, 4 cores for us; avx2, fma, avx512_vnni"]);
  expect(processorFinding(cpu("sse2"), 4)).toMatchObject({
    level: "fault",
    mend: expect.stringContaining("AVX2"),
  });
  expect(processorFinding(cpu("avx2"), 1).level).toBe("weak");
});

test("what a container may have counts, not what the machine has", () => {
  expect(memoryFinding(64e9, 60e9, undefined).level).toBe("good");
  expect(memoryFinding(64e9, 60e9, 2e9)).toMatchObject({
    level: "weak",
    found: expect.stringContaining("2 GB"),
  });
});

test("a clock that is before this program was made is a fault", () => {
  expect(clockFinding(1000, 2000).level).toBe("fault");
  expect(clockFinding(2000, 2000).level).toBe("good");
});

test("a processor of Arm's is judged by what it has, and AVX2 is not missed there", () => {
  const arm = "processor\t: 0\nFeatures\t: fp asimd crc32 asimdhp asimddp i8mm\nCPU implementer\t: 0x41\n";
  const found = processorFinding(arm, 4);
  expect([found.level, found.found]).toEqual([
    "good",
    "a processor without a name, 4 cores for us; asimd, asimdhp, asimddp, i8mm",
  ]);
  expect(processorFinding(arm, 1).level).toBe("weak");
});
