import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { networks, sd1Networks } from "#/networks/index.ts";
import { byFile, byNetwork } from "../../../../scripts/gpu/compared.ts";
import { goldenFiles } from "../../../../scripts/gpu/golden-files.ts";
import { readLines, readTests } from "../../../../scripts/gpu/read-tests.ts";
import { elsewhereOf, note } from "../../../support/elsewhere.ts";
import { relativeError } from "../../../support/golden.ts";

const [answer] = networks.unet.goldens.answers;
const compared = [
  { key: answer, at: "networks.test.ts:5", off: 1e-6, bound: 1e-4, unit: "part" },
  { key: answer, at: "networks.test.ts:5", off: 3e-3, bound: 1e-4, unit: "part" },
  { key: answer, at: "networks.test.ts:5", off: null, bound: 1e-4, unit: "part" },
  { key: "vary 0", at: "image-modes.test.ts:9", off: 4, bound: 2, unit: "levels" },
] as const;

test("errors are told of every network of the tables, of those without an answer too", () => {
  const all = byNetwork(compared);
  expect(all["unet"]).toEqual({ worst: 3e-3, answers: 3, noNumbers: 1 });
  for (const name of Object.keys({ ...networks, ...sd1Networks })) expect(all[name]).toBeDefined();
  expect(all["vae-decoder"]?.answers).toBe(0);
});

test("errors are told of every test file, tensors and pictures by themselves", () => {
  const files = byFile(compared);
  expect(Object.keys(files)).toEqual(["networks", "image-modes"]);
  expect(files["image-modes"]).toMatchObject({ tensors: { answers: 0 }, pictures: { worst: 4, answers: 1 } });
});

/** Whoever adds a network compares its answers in a golden test; the kit must find that test. */
test("the kit runs the golden tests of networks, and those of whole pictures in the device's own numbers", () => {
  const [all, alone] = [goldenFiles("all"), goldenFiles("networks")];
  expect(alone).toContain("networks.test.ts");
  expect(all).toContain("image-modes.test.ts");
  expect(alone).not.toContain("image-modes.test.ts");
  expect(alone.filter((name) => !all.includes(name))).toEqual([]);
});

test("where goldens run is told by the environment, and a wrong word is refused", () => {
  expect(elsewhereOf({})).toBeUndefined();
  const record = "/tmp/record";
  expect(elsewhereOf({ GOLDEN_DEVICE: "cuda", GOLDEN_RECORD: record })).toEqual({ device: "cuda", record });
  const whole = { GOLDEN_DEVICE: "webgpu", GOLDEN_RECORD: record, GOLDEN_COMPUTE: "float16" };
  expect(elsewhereOf(whole)?.compute).toBe("float16");
  expect(() => elsewhereOf({ ...whole, GOLDEN_DEVICE: "rocm" })).toThrow("none of cuda, webgpu, cpu");
  expect(() => elsewhereOf({ ...whole, GOLDEN_COMPUTE: "int4" })).toThrow("neither float32 nor float16");
  expect(() => elsewhereOf({ GOLDEN_DEVICE: "cpu" })).toThrow("GOLDEN_RECORD");
});

test("what was compared is a line each", async () => {
  const folder = mkdtempSync(join(tmpdir(), "compared-"));
  const record = join(folder, "record");
  for (const one of compared.slice(0, 2)) note({ device: "cpu", record }, one);
  const lines = (await Bun.file(record).text()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).off)).toEqual([1e-6, 3e-3]);
  rmSync(folder, { recursive: true });
});

test("an answer that is no number is never near, wherever it stands", () => {
  const tensor = (...numbers: number[]) => ({ dims: [numbers.length], data: Float32Array.from(numbers) });
  expect(relativeError(tensor(Number.NaN, 2), tensor(1, 2))).toBeNaN();
  expect(relativeError(tensor(1, Number.NaN), tensor(1, 2))).toBeNaN();
  expect(relativeError(tensor(1, 3), tensor(1, 2))).toBe(0.5);
});

test("of a report of tests those that failed are told with their words", () => {
  const xml = `<testsuites><testsuite name="a"><testcase name="one &amp; two" time="1" />
    <testcase name="three" time="2"><failure type="E" message="Name:&apos;x&apos; &#10;gone" /></testcase>
    <testcase name="four" time="2"><failure type="E">no number &lt;here&gt;</failure></testcase>
    <testcase name="five" time="0"><skipped /></testcase></testsuite></testsuites>`;
  expect(readTests(xml)).toEqual({
    ran: 4,
    failing: [
      { name: "three", says: "Name:'x' \ngone" },
      { name: "four", says: "no number <here>" },
    ],
  });
  expect(readTests("")).toEqual({ ran: 0, failing: [] });
});

test("of tests that were cut off those that had ended are told", () => {
  const said = `
test/golden/some.test.ts:
\u001b[32m(pass)\u001b[0m one (of two) [12.50ms]
error: expect(received).toBe(expected)
(fail) a mask, 2 boxes [1s]
(skip) three
(pass) four`;
  expect(readLines(said)).toEqual({ ran: 3, failing: [{ name: "a mask, 2 boxes", says: "" }] });
  expect(readLines("")).toEqual({ ran: 0, failing: [] });
});
