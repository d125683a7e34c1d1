import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goals } from "../../../../scripts/gpu/goals.ts";
import { KeptReport } from "../../../../scripts/gpu/kept-report.ts";
import { levelsApart } from "../../../../scripts/gpu/levels.ts";
import { placedIn, together } from "../../../../scripts/gpu/placed.ts";
import { drySizes, fullSizes, type Plan } from "../../../../scripts/gpu/plan.ts";
import { sections } from "../../../../scripts/gpu/sections.ts";
import { stepsOf } from "../../../../scripts/gpu/steps-table.ts";

const plan: Plan = {
  dryRun: false,
  providers: ["cuda", "webgpu"],
  sizes: fullSizes,
  work: "/nowhere",
  pictures: "/nowhere/pictures",
  python: "no-such-python",
  budget: 480,
  patience: 1,
  workers: 1,
};

test("both forms of a report are whole after every change, and a run that is ended says what was not done", () => {
  const folder = mkdtempSync(join(tmpdir(), "gpu-report-"));
  const out = join(folder, "report");
  const read = () => JSON.parse(readFileSync(`${out}.json`, "utf8"));
  const report = new KeptReport(out, plan, stepsOf(plan).slice(0, 3));
  expect(read().steps.map((step: { state: string }) => step.state)).toEqual([
    "waiting",
    "waiting",
    "waiting",
  ]);
  report.set("machine", { state: "done", seconds: 1, found: { cards: [{ name: "a card" }] } });
  report.set("first-cuda", { state: "running" });
  report.set("first-cuda", { found: { works: true } });
  expect(read().steps[1]).toMatchObject({ state: "running", found: { works: true } });
  expect(readFileSync(`${out}.md`, "utf8")).toContain("was ended from outside");
  const source = "45 | const answer = await fetch(url);\n46 | throw new Error(said);";
  report.set("first-webgpu", {
    state: "failed",
    why: `ended with 1. ${source}\nerror: no server began\n  at it`,
  });
  report.close("cut off");
  expect(read()).toMatchObject({
    state: "cut off",
    steps: [{ state: "done" }, { state: "cut off" }, { state: "failed" }],
  });
  // The row has the error alone, the section all of it.
  expect(readFileSync(`${out}.md`, "utf8")).toContain("| failed |  | no server began |");
  const text = readFileSync(`${out}.md`, "utf8");
  expect(text).toContain("ended before its time");
  expect(text).toContain('"name": "a card"');
  rmSync(folder, { recursive: true });
});

test("a dry run has no step of full size, and a card's steps come in the order of their worth", () => {
  const names = stepsOf(plan).map(({ name }) => name);
  expect(names.slice(0, 6)).toEqual([
    "machine",
    "first-cuda",
    "first-webgpu",
    "synthetic",
    "goldens-cuda",
    "demo-cuda",
  ]);
  expect(names).toContain("goldens-cuda-float32");
  expect(names).toContain("goldens-webgpu-float16");
  expect(new Set(names).size).toBe(names.length);
  const dry = stepsOf({ ...plan, dryRun: true, providers: ["cpu"], sizes: drySizes });
  expect(dry.map(({ name }) => name)).not.toContain("synthetic");
  expect(dry.find(({ name }) => name === "theirs")?.without).toBe("no-such-python is not there");
});

const timed = (step: number, opening: number) => ({ step, opening, decoding: 1, whole: 9, opened: {} });
const told = (program: string, found: Readonly<Record<string, unknown>>) =>
  ({ name: program, title: program, program, own: {}, state: "done", found }) as const;

test("ratios are ours in parts of theirs, and are not known where one is missing", () => {
  const ours = told("full-size", {
    first: timed(0.2, 3),
    later: timed(0.1, 0.5),
    host: { anonymous: 1, resident: 8 },
    card: { before: 500, most: 6500 },
  });
  const theirs = told("theirs", {
    first: timed(0.3, 12),
    later: timed(0.2, 0.4),
    host: { anonymous: 4, resident: 9 },
    card: { before: 1500, most: 13500 },
  });
  expect(goals([ours, theirs]).map(({ ratio, most }) => [ratio, most])).toEqual([
    [0.5, 1],
    [0.25, 0.5],
    [0.5, 1],
    [0.25, 1],
  ]);
  expect(goals([ours]).map(({ ratio }) => ratio)).toEqual([undefined, undefined, undefined, undefined]);
  expect(goals([ours])[0]?.ours).toBe(0.1);
});

test("growth in a row is from the third picture to the last, and not known of a card that is not there", () => {
  const rows = [1, 3, 4, 4.5, 5].map((hostGB) => ({ seconds: 1, hostGB }));
  expect(sections["row"]?.({ rows })).toContain(
    "25.0 % more of the process' own, not known more of the card",
  );
  expect(sections["row"]?.({ rows: rows.slice(0, 2) })).toContain("not known more of the process' own");
});

test("levels apart: the mean, what 99 of 100 are within, and the most", () => {
  const one = new Uint8Array(200);
  const other = Uint8Array.from({ length: 200 }, (_, i) => (i === 0 ? 90 : i < 20 ? 2 : 0));
  expect(levelsApart(one, other)).toEqual({ mean: (90 + 19 * 2) / 200, most99: 2, most: 90 });
  expect(levelsApart(one, one)).toEqual({ mean: 0, most99: 0, most: 0 });
  expect(() => levelsApart(one, new Uint8Array(3))).toThrow("200 and 3 values");
});

const event = (name: string, index: number, provider: string, op: string): string =>
  `{"cat" : "Node","name" :"${name}_kernel_time","args" : {"node_index" : "${index}","provider" : "${provider}","op_name" : "${op}"}},`;

test("a profile says where each node ran, once however often it ran, and which ones only copy", () => {
  const profile = [
    "[",
    event("Conv_0", 0, "CUDAExecutionProvider", "Conv"),
    event("Conv_0", 0, "CUDAExecutionProvider", "Conv"),
    event("Shape_1", 1, "CPUExecutionProvider", "Shape"),
    event("Shape_2", 2, "CPUExecutionProvider", "Shape"),
    event("Memcpy_3", 3, "CUDAExecutionProvider", "MemcpyToHost"),
    '{"cat" : "Node","name" :"cut of',
  ].join("\n");
  const placed = placedIn({ inputs: ["w1", "latent"], outputs: ["image"] }, profile);
  expect(placed).toEqual({
    network: "vae-decoder",
    nodes: { CUDAExecutionProvider: 1, CPUExecutionProvider: 2 },
    onCpu: { Shape: 2 },
    copies: 1,
  });
  const all = { ...placed, nodes: { CUDAExecutionProvider: 3 }, onCpu: {}, copies: 0 };
  expect(together([all, placed])["vae-decoder"]).toMatchObject({ onCpu: { Shape: 2 }, sessions: 2 });
  expect(placedIn({ inputs: ["features"], outputs: ["image"] }, "[").network).toBe("rrdb-pixels");
  expect(placedIn({ inputs: [], outputs: ["else"] }, "[").network).toBe("with outputs else");
});
