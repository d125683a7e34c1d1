import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { planJoin } from "#/weights/derived/join-plan.ts";
import { joinedSize, readJoined, writeJoined } from "#/weights/derived/joined-loras.ts";
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
  }),
).tensors;

const branch = (file: typeof first, module: string, scale: number): [string, LoraBranch[]] => [
  module,
  [{ index: 0, down: file.get(`${module}.down`)!, up: file.get(`${module}.up`)!, scale }],
];
const set: readonly LoraBranches[] = [
  new Map([branch(first, "rows", 0.5), branch(first, "kernel", 1)]),
  new Map([branch(second, "rows", 2), branch(second, "single", 0.25)]),
];
const plan = planJoin(set, base);

async function written(name: string): Promise<string> {
  const path = join(folder, name);
  await writeJoined(plan, path);
  return path;
}

test("factors are stacked and set side by side, alpha multiplied into up, in the shapes of their modules", async () => {
  const path = await written("values.safetensors");
  const joined = readJoined(plan, path)!;
  expect(joined.count).toBe(2);
  const { down, up, owners } = joined.modules.get("rows")!;
  expect([down.shape, up.shape, owners]).toEqual([
    [3, 5],
    [6, 3],
    [0, 0, 1],
  ]);
  expect([...readWeight(down)]).toEqual([...numbers(10, 1), ...numbers(5, 5)]);
  const [one, two] = [numbers(12, 2), numbers(6, 6)];
  expect([...readWeight(up)]).toEqual(
    Array.from({ length: 6 }, (_, row) => [
      one[2 * row]! * 0.5,
      one[2 * row + 1]! * 0.5,
      two[row]! * 2,
    ]).flat(),
  );
  const kernel = joined.modules.get("kernel")!;
  expect([kernel.down.shape, kernel.up.shape, kernel.owners]).toEqual([
    [2, 3, 3, 3],
    [4, 2, 1, 1],
    [0, 0],
  ]);
  expect([...readWeight(kernel.down)]).toEqual(numbers(54, 3));
  const single = joined.modules.get("single")!;
  expect([single.down.shape, single.up.shape, single.owners]).toEqual([
    [3, 3, 1, 1],
    [4, 3, 1, 1],
    [1, 1, 1],
  ]);
  expect([...readWeight(single.up)]).toEqual(numbers(12, 8).map((n) => n / 4));
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
  const own = planJoin([scaled], base);
  const path = join(folder, "scaled.safetensors");
  await writeJoined(own, path);
  const { down, up } = readJoined(own, path)!.modules.get("rows")!;
  expect([...readWeight(down)]).toEqual(numbers(10, 1).map((n) => 3 * n));
  expect([...readWeight(up)]).toEqual(numbers(12, 2).map((n) => 2 * n));
});
