import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { networks } from "#/networks/index.ts";
import type { Report } from "../../scripts/gpu/report.ts";
import { childrenOf, isAlive } from "../support/process-tree.ts";
import { soon } from "../support/served-bench.ts";

/** The kit for GPUs, as far as a processor can walk through it: the same commands, at tiny sizes. */
setDefaultTimeout(600_000);

const folder = mkdtempSync(join(tmpdir(), "gpu-kit-"));
afterAll(() => rmSync(folder, { recursive: true }));

const kit = join(import.meta.dir, "../../scripts/gpu/prove.sh");

/** Starts the kit; its report has a name of its own, and its temporary files a folder. */
function start(name: string, flags: readonly string[]) {
  const out = join(folder, name);
  const temporary = `${out}-tmp`;
  mkdirSync(temporary);
  const child = Bun.spawn([kit, "--out", out, "--python", "no-python", ...flags], {
    cwd: folder,
    env: { ...process.env, TMPDIR: temporary },
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = new Response(child.stderr).text();
  const report = (): Report => JSON.parse(readFileSync(`${out}.json`, "utf8")) as Report;
  const text = (): string => readFileSync(`${out}.md`, "utf8");
  /** What is left of its temporary files; made goldens are for the next run. */
  const left = (): readonly string[] => readdirSync(temporary).filter((file) => file !== "fooocusd-golden");
  return { child, said, report, text, left, out, isThere: () => existsSync(`${out}.json`) };
}

const statesOf = ({ steps }: Report): Readonly<Record<string, string>> =>
  Object.fromEntries(steps.map(({ name, state }) => [name, state]));

test("a dry run has every step done but diffusers', and says in both forms what it found", async () => {
  const { child, said, report, text, left, out } = start("whole", ["--dry-run", "--budget", "3600"]);
  await child.exited;
  const whole = report();
  expect({ states: statesOf(whole), said: await said }).toMatchObject({
    states: {
      machine: "done",
      "first-cpu": "done",
      "goldens-cpu": "done",
      "demo-cpu": "done",
      ours: "done",
      theirs: "left out",
      loras: "done",
      row: "done",
      "placement-cpu": "done",
    },
  });
  expect([child.exitCode, whole.state]).toEqual([0, "whole"]);

  const found = (name: string): Readonly<Record<string, unknown>> =>
    whole.steps.find((step) => step.name === name)?.found ?? {};
  const errors = found("goldens-cpu")["networks"] as Record<string, { worst: number; answers: number }>;
  for (const name of Object.keys(networks)) expect(errors[name]).toBeDefined();
  expect(errors["sam-image-encoder"]?.answers).toBeGreaterThan(0);
  expect(errors["sam-image-encoder"]?.worst).toBeLessThan(1e-4);
  // The same processor: nothing is apart, whatever way a picture was made.
  expect(found("demo-cpu")["pictures"]).toMatchObject({
    text: { mean: 0, most: 0 },
    "edges (Control-LoRA)": { mean: 0, most: 0 },
  });
  expect(found("ours")).toMatchObject({
    first: { step: expect.any(Number) },
    later: { opening: expect.any(Number) },
  });
  expect(Object.keys(found("loras")["pictures"] ?? {})).toHaveLength(6);
  expect(found("row")["rows"]).toHaveLength(3);
  expect(found("placement-cpu")["networks"]).toMatchObject({
    "sam-image-encoder": { nodes: { CPUExecutionProvider: expect.any(Number) } },
  });
  for (const words of ["a dry run", "no-python is not there", "sam-image-encoder", "| a step, s |", "doctor"])
    expect(text()).toContain(words);
  expect(readdirSync(folder).filter((name) => name.endsWith(".half"))).toEqual([]);
  expect(readdirSync(`${out}-pictures`).sort()).toEqual([
    "edges-Control-LoRA--cpu.png",
    "edges-Control-LoRA--processor.png",
    "text-cpu.png",
    "text-processor.png",
  ]);
  // Nor does ONNX Runtime leave what it writes there before it reports home.
  expect(left()).toEqual([]);
});

test("words that name nothing are refused before anything is begun", async () => {
  for (const [name, flags, words] of [
    [
      "only",
      ["--only", "goldens,nothing"],
      "--only nothing is none of the steps: machine, first-cpu, goldens-cpu,",
    ],
    ["patience", ["--patience", "long"], "--patience long is no number of times as long"],
  ] as const) {
    const { child, said, isThere } = start(name, ["--dry-run", ...flags]);
    expect([await child.exited, await said, isThere()]).toEqual([1, expect.stringContaining(words), false]);
  }
});

test("a device that cannot be used costs what needs it, and the report says why in the product's words", async () => {
  const { child, report, text } = start("no-card", ["--dry-run", "--providers", "cuda"]);
  await child.exited;
  expect(child.exitCode).toBe(1);
  const { "first-cuda": first, machine, ...others } = statesOf(report());
  expect([machine, first]).toEqual(["done", "failed"]);
  expect(new Set(Object.values(others))).toEqual(new Set(["left out"]));
  const { found } = report().steps.find(({ name }) => name === "first-cuda") ?? {};
  expect(found?.["why"]).toContain("None of the configured providers can be used (cuda: ");
  for (const words of ["None of the configured providers", "first-cuda is failed"])
    expect(text()).toContain(words);
});

test("what there is no time for is left out and said so", async () => {
  const { child, report } = start("short", ["--dry-run", "--budget", "3"]);
  await child.exited;
  const { steps, state } = report();
  expect(state).toBe("whole");
  const [first] = steps;
  expect(new Set(steps.map((step) => step.state))).toEqual(new Set(["left out"]));
  expect(first?.why).toBe("of 3 s only 0 s are left, 1 s are needed");
});

/** All that a process has started, by now. */
const descendants = (pid: number): readonly number[] =>
  childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);

for (const signal of ["SIGTERM", "SIGKILL"] as const)
  test(`ended by ${signal} in the middle, it leaves what it found, and nothing that runs`, async () => {
    const kept = start(signal, ["--dry-run", "--only", "first,ours,loras"]);
    const running = (): boolean =>
      kept.isThere() && kept.report().steps.some(({ name, found }) => name === "ours" && "first" in found);
    expect(await soon(running)).toBe(true);
    const started = descendants(kept.child.pid);
    expect(started.length).toBeGreaterThan(1);
    kept.child.kill(signal);
    await kept.child.exited;
    expect(await soon(() => !started.some(isAlive))).toBe(true);
    const { state, steps } = kept.report();
    // Whoever is killed outright tidies nothing.
    if (signal === "SIGTERM") expect(kept.left()).toEqual([]);
    expect(state).toBe(signal === "SIGTERM" ? "cut off" : "running");
    const ours = steps.find(({ name }) => name === "ours");
    expect(ours?.found).toMatchObject({ first: { step: expect.any(Number) } });
    expect(ours?.state).toBe(signal === "SIGTERM" ? "cut off" : "running");
    expect(kept.text()).toContain("what was found by then");
  });
