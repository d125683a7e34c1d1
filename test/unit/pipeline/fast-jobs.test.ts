import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pixmap } from "#/image/pixmap.ts";
import { Run } from "#/pipeline/run.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { type FastEngine, machineOf, made, openFast } from "../../support/fast-engine.ts";
import { goldenPath, tinyCheckpoint } from "../../support/golden.ts";
import { smallDisk } from "../../support/small-disk.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

/** Whole jobs with precision fast on the tiny checkpoint, on a machine that is said to gain by it. */
setDefaultTimeout(120_000);

const root = mkdtempSync(join(tmpdir(), "fast-jobs-"));
const checkpoint = await tinyCheckpoint();
const engines: FastEngine[] = [];
const disk = smallDisk("64k");
afterAll(async () => {
  for (const engine of engines) await engine.close();
  disk.close();
  rmSync(root, { recursive: true });
});

async function engine(...[path = checkpoint, options = {}]: Partial<Parameters<typeof openFast>>) {
  const opened = await openFast(path, options);
  engines.push(opened);
  return opened;
}

const full: Recipe = { ...smallRecipe, steps: 2 };
const fast: Recipe = { ...full, precision: "fast" };
const files = (folder: string): readonly string[] =>
  readdirSync(folder).filter((name) => name.endsWith(".safetensors"));

/** Levels apart on average. */
function apart(a: Pixmap | undefined, b: Pixmap | undefined): number {
  if (a === undefined || b === undefined) throw new Error("no picture was made");
  return a.data.reduce((sum, level, at) => sum + Math.abs(level - (b.data[at] ?? 0)), 0) / a.data.length;
}

test("fast and full are drawn side by side: a little apart, fast the same each time, its weights written once", async () => {
  const { context, derived, lines } = await engine();
  const whole = await made(full, context);
  expect(whole.notes).toEqual([]);
  expect(whole.moments.filter(({ stage }) => stage === "coding")).toEqual([]);
  const first = await made(fast, context);
  expect(first.notes).toEqual([]);
  const coding = first.moments.flatMap((at) => (at.stage === "coding" ? [[at.part, at.parts]] : []));
  expect(coding).toEqual([
    [0, 3],
    [1, 3],
    [2, 3],
  ]);
  expect(files(derived)).toHaveLength(3);
  const again = await made(fast, context);
  expect(again.moments.filter(({ stage }) => stage === "coding")).toEqual([]);
  expect(apart(again.pictures[0], first.pictures[0])).toBe(0);
  const distance = apart(whole.pictures[0], first.pictures[0]);
  expect(distance).toBeGreaterThan(0);
  expect(distance).toBeLessThan(12);
  // And back: neither is taken for the other.
  expect(apart((await made(full, context)).pictures[0], whole.pictures[0])).toBe(0);
  expect(lines.filter((line) => line.includes("wrote derived file"))).toHaveLength(3);
});

test("where 8 bits bring nothing, fast is full to the byte, and the reason is told", async () => {
  const reason = { because: "gain", gain: 1.02 } as const;
  const { context, derived } = await engine(checkpoint, { machine: machineOf(reason) });
  const whole = await made(full, context);
  const asked = await made(fast, context);
  expect(asked.notes).toEqual([{ note: "full-precision", reason }]);
  expect(apart(asked.pictures[0], whole.pictures[0])).toBe(0);
  expect(() => files(derived)).toThrow();
});

test("a cache that is smaller than the weights, and a disk without room, leave the job in full precision", async () => {
  const { context } = await engine(checkpoint, { budget: 1000 });
  const whole = await made(full, context);
  const small = await made(fast, context);
  expect(small.notes).toMatchObject([{ note: "full-precision", reason: { because: "cache", budget: 1000 } }]);
  expect(apart(small.pictures[0], whole.pictures[0])).toBe(0);
  if (!disk.mounted) return;
  const cramped = await engine(checkpoint, { derived: join(disk.folder, "derived") });
  const { notes, pictures } = await made(fast, cramped.context);
  expect(notes).toMatchObject([{ note: "full-precision", reason: { because: "storage" } }]);
  expect(JSON.stringify(notes)).toContain("could not be written");
  expect(apart(pictures[0], whole.pictures[0])).toBe(0);
});

test("a job that is stopped while weights are written goes on where it was", async () => {
  const { context, derived } = await engine();
  const run = new Run();
  const stopped = await made(fast, context, run, (at) => {
    if (at.stage === "coding" && at.part === 1) run.interrupt("stop");
  });
  expect(stopped.outcome).toEqual({ status: "stopped" });
  expect(files(derived)).toHaveLength(2);
  const { moments, pictures } = await made(fast, context);
  expect(moments.flatMap((at) => (at.stage === "coding" ? [[at.part, at.parts]] : []))).toEqual([[0, 1]]);
  expect(pictures).toHaveLength(1);
});

test("a file that is damaged, half written or of another version is made again", async () => {
  const { context, derived } = await engine();
  const first = await made(fast, context);
  await context.unload();
  const [one = "", two = "", three = ""] = files(derived).map((name) => join(derived, name));
  truncateSync(one, 5000);
  writeFileSync(two, "half");
  copyFileSync(goldenPath("eight-bits.safetensors"), three);
  const again = await made(fast, context);
  expect(apart(again.pictures[0], first.pictures[0])).toBe(0);
  await context.unload();
  // Of the right length, and with the right header: only the seal says so.
  for (const path of [one, two, three]) {
    const bytes = readFileSync(path);
    bytes.subarray(-1000, -8).fill(0x55);
    writeFileSync(path, bytes);
  }
  const third = await made(fast, context);
  expect(apart(third.pictures[0], first.pictures[0])).toBe(0);
  expect(third.moments.filter(({ stage }) => stage === "coding")).toHaveLength(3);
});

test("two engines with one folder end with the same files and pictures", async () => {
  const shared = join(root, "shared");
  const [one, other] = [
    await engine(checkpoint, { derived: shared }),
    await engine(checkpoint, { derived: shared }),
  ];
  const [a, b] = await Promise.all([made(fast, one.context), made(fast, other.context)]);
  expect(apart(a.pictures[0], b.pictures[0])).toBe(0);
  expect(readdirSync(shared).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  expect(files(shared)).toHaveLength(3);
});

test("a checkpoint that is replaced has weights of its own, and what was made of the old one goes", async () => {
  const path = join(root, "replaced.safetensors");
  copyFileSync(checkpoint, path);
  const { context, derived } = await engine(path);
  const before = await made(fast, context);
  const old = files(derived);
  const bytes = new Uint8Array(await Bun.file(checkpoint).arrayBuffer());
  const changed = readSafetensors(checkpoint).tensors.get(
    "model.diffusion_model.input_blocks.1.0.in_layers.2.weight",
  );
  if (changed === undefined) throw new Error("the checkpoint has another layout");
  const { offset, length } = changed;
  for (let at = offset; at < offset + length; at += 2) bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 0x80; // signs of halves
  rmSync(path);
  writeFileSync(path, bytes);
  const after = await made(fast, context);
  expect(apart(after.pictures[0], before.pictures[0])).toBeGreaterThan(0);
  expect(files(derived).filter((name) => old.includes(name))).toEqual([]);
});

test("a LoRA of factors works beside the weights", async () => {
  const { context, folder } = await engine();
  const lora = (name: string): Recipe => ({ ...fast, loras: [{ name, weight: 1 }] });
  for (const name of ["tiny-lora-sgm.safetensors", "tiny-lora-diffusers.safetensors"])
    copyFileSync(goldenPath(name), join(folder, "loras", name));
  const plain = await made(fast, context);
  const beside = await made(lora("tiny-lora-sgm.safetensors"), context);
  expect(beside.notes).toEqual([]);
  const wholeBeside = await made({ ...lora("tiny-lora-sgm.safetensors"), precision: "full" }, context);
  const [moved, off] = [
    apart(beside.pictures[0], plain.pictures[0]),
    apart(beside.pictures[0], wholeBeside.pictures[0]),
  ];
  expect(moved).toBeGreaterThan(0);
  expect(off).toBeLessThan(12);
});
