import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { planJoin } from "#/weights/derived/join-plan.ts";
import {
  joinedBytes,
  joinedInPlace,
  joinedSize,
  noLoras,
  readJoined,
  writeJoined,
} from "#/weights/derived/joined-loras.ts";
import type { LoraBranch, LoraBranches } from "#/weights/lora/lora.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { stored, writeTensors } from "../../../support/write-safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "joined-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Numbers that float16 and bfloat16 hold exactly. */
const numbers = (count: number, first: number): number[] =>
  Array.from({ length: count }, (_, i) => first + (i % 16));

const base = readSafetensors(
  writeTensors(join(folder, "base.safetensors"), {
    "rows.weight": stored("F32", [6, 5], numbers(30, 0)),
    "kernel.weight": stored("F32", [4, 3, 3, 3], numbers(108, 0)),
    "single.weight": stored("F32", [4, 3, 1, 1], numbers(12, 0)),
  }),
).tensors;

const first = readSafetensors(
  writeTensors(join(folder, "first.safetensors"), {
    "rows.down": stored("F16", [2, 5], numbers(10, 1)),
    "rows.up": stored("F16", [6, 2], numbers(12, 2)),
    "kernel.down": stored("F16", [2, 3, 3, 3], numbers(54, 3)),
    "kernel.up": stored("F16", [4, 2, 1, 1], numbers(8, 4)),
  }),
).tensors;

const second = readSafetensors(
  writeTensors(join(folder, "second.safetensors"), {
    "rows.down": stored("BF16", [1, 5, 1, 1], numbers(5, 5)), // as some trainers save linear layers
    "rows.up": stored("F32", [6, 1, 1, 1], numbers(6, 6)),
    "single.down": stored("BF16", [3, 3], numbers(9, 7)),
    "single.up": stored("BF16", [4, 3], numbers(12, 8)),
    "kernel.down": stored("F16", [1, 27], numbers(27, 9)),
    "kernel.up": stored("F16", [4, 1, 1, 1], numbers(4, 10)),
  }),
).tensors;

const branch = (file: typeof first, module: string, scale: number): [string, LoraBranch[]] => [
  module,
  [{ index: 0, down: file.get(`${module}.down`)!, up: file.get(`${module}.up`)!, scale }],
];
const set: readonly LoraBranches[] = [
  new Map([branch(first, "rows", 0.5), branch(first, "kernel", 1)]),
  new Map([branch(second, "rows", 2), branch(second, "kernel", 2), branch(second, "single", 0.25)]),
];
const plan = planJoin(set, base);

async function written(name: string): Promise<string> {
  const path = join(folder, name);
  await writeJoined(plan, path);
  return path;
}

test("factors are stacked and set side by side in the shapes of their modules, scales beside them", async () => {
  const joined = readJoined(plan, await written("values.safetensors"))!;
  expect(joined.count).toBe(2);
  const { down, up, ...rows } = joined.modules.get("rows")!;
  expect([down.shape, up.shape, down.dtype, up.dtype]).toEqual([[3, 5], [6, 3], "F32", "F32"]);
  expect(rows).toEqual({ owners: [0, 0, 1], scales: [0.5, 0.5, 2] });
  expect([...readWeight(down)]).toEqual([...numbers(10, 1), ...numbers(5, 5)]);
  const [one, two] = [numbers(12, 2), numbers(6, 6)];
  expect([...readWeight(up)]).toEqual(
    Array.from({ length: 6 }, (_, row) => [one[2 * row]!, one[2 * row + 1]!, two[row]!]).flat(),
  );
});

test("what all files have in one type is joined in it", async () => {
  const kernel = readJoined(plan, await written("types.safetensors"))!.modules.get("kernel")!;
  expect([kernel.down.shape, kernel.up.shape, kernel.down.dtype, kernel.up.dtype]).toEqual([
    [3, 3, 3, 3],
    [4, 3, 1, 1],
    "F16",
    "F16",
  ]);
  expect([kernel.owners, kernel.scales]).toEqual([
    [0, 0, 1],
    [1, 1, 2],
  ]);
  expect([...readWeight(kernel.down)]).toEqual([...numbers(54, 3), ...numbers(27, 9)]);
  const [one, two] = [numbers(8, 4), numbers(4, 10)];
  expect([...readWeight(kernel.up)]).toEqual(
    Array.from({ length: 4 }, (_, row) => [one[2 * row]!, one[2 * row + 1]!, two[row]!]).flat(),
  );
});

test("a pair of factors that is alone stays in its file, under the shapes of its module", async () => {
  const path = await written("single.safetensors");
  const single = readJoined(plan, path)!.modules.get("single")!;
  expect(single).toMatchObject({ owners: [1, 1, 1], scales: [0.25, 0.25, 0.25] });
  const { down, up } = single;
  expect([down.shape, up.shape, down.path]).toEqual([
    [3, 3, 1, 1],
    [4, 3, 1, 1],
    second.get("single.down")!.path,
  ]);
  expect([...readSafetensors(path).tensors.keys()].toSorted()).toEqual([
    "kernel.down",
    "kernel.up",
    "rows.down",
    "rows.up",
    "seal",
  ]);
  expect(joinedInPlace(plan)).toBeUndefined();
  const alone = planJoin(set.slice(0, 1), base);
  expect([...joinedInPlace(alone)!.modules.keys()]).toEqual(["rows", "kernel"]);
  expect(joinedBytes(alone)).toBe(2 * (10 + 12 + 54 + 8));
  expect(joinedInPlace(planJoin([], base))).toEqual(noLoras);
});

test("the file is safetensors whose data begins with a page, and as long as foretold", async () => {
  const path = await written("format.safetensors");
  const { tensors, size } = readSafetensors(path);
  expect(Math.min(...[...tensors.values()].map(({ offset }) => offset))).toBe(4096);
  expect(size).toBe(joinedSize(plan));
});

test("a file that is cut off, overwritten at its head, or another plan's is not taken", async () => {
  const path = await written("damaged.safetensors");
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 1);
  expect(readJoined(plan, path)).toBeUndefined();
  writeFileSync(path, new Uint8Array(whole.length));
  expect(readJoined(plan, path)).toBeUndefined();
  writeFileSync(path, whole);
  expect(readJoined(plan, path)).toBeDefined();
  expect(readJoined(planJoin(set.slice(0, 1), base), path)).toBeUndefined();
  expect(readJoined(plan, join(folder, "absent"))).toBeUndefined();
});

test("a factor of another size is refused with its file and key", () => {
  const bad: LoraBranches = new Map([
    ["rows", [{ index: 0, down: first.get("kernel.down")!, up: first.get("rows.up")!, scale: 1 }]],
  ]);
  expect(() => planJoin([bad], base)).toThrow(ModelError);
  expect(() => planJoin([bad], base)).toThrow("kernel.down does not fit rows, which has [6, 5]");
});

test("a scale beside 8-bit values is multiplied in", async () => {
  const scaled: LoraBranches = new Map([
    [
      "rows",
      [
        {
          index: 0,
          down: { ...first.get("rows.down")!, scale: 3 },
          up: { ...first.get("rows.up")!, scale: 2 },
          scale: 1,
        },
      ],
    ],
  ]);
  const alone = joinedInPlace(planJoin([scaled], base))!.modules.get("rows")!;
  expect([alone.down.scale, alone.up.scale]).toEqual([3, 2]);
  const own = planJoin([scaled, scaled], base);
  const path = join(folder, "scaled.safetensors");
  await writeJoined(own, path);
  const { down, up } = readJoined(own, path)!.modules.get("rows")!;
  const tripled = numbers(10, 1).map((n) => 3 * n);
  expect([...readWeight(down)]).toEqual([...tripled, ...tripled]);
  const doubled = numbers(12, 2).map((n) => 2 * n);
  const twice = Array.from({ length: 6 }, (_, row) => doubled.slice(2 * row, 2 * row + 2));
  expect([...readWeight(up)]).toEqual(twice.flatMap((row) => [...row, ...row]));
});
