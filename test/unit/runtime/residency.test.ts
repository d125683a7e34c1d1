import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph } from "#/graph/graph.ts";
import { operators } from "#/graph/operators.ts";
import { add } from "#/graph/ops/arithmetic.ts";
import { createLog } from "#/lib/log.ts";
import { Residency, type Resident } from "#/runtime/residency.ts";

const folder = mkdtempSync(join(tmpdir(), "residency-"));
afterAll(() => rmSync(folder, { recursive: true }));

const kilobyte = 1024;

/** A network with a weight of so many bytes. */
function network(bytes: number, path = join(folder, `${bytes}`)): Graph {
  if (path.startsWith(folder)) writeFileSync(path, new Uint8Array(bytes));
  const g = new Graph({ operators: operators.cpu });
  const shape = [1, bytes / 4];
  const weight = g.weight({ path, key: "w", dtype: "F32", shape, offset: 0, length: bytes });
  g.output("y", add(g.input("x", "float32", shape), weight));
  return g;
}

/** A residency with a budget, what it has told and logged, and a way to ask for networks by letter. */
function within(budget: number) {
  const told: (readonly Resident[])[] = [];
  const lines: string[] = [];
  const drawn: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date(0) });
  const options = { provider: "cpu", weights: "in-place", threads: 1 } as const;
  const residency = new Residency(options, budget, log, (resident) => told.push(resident));
  const ask = (name: string, bytes = kilobyte) =>
    residency.session(`key of ${name}`, name, () => {
      drawn.push(name);
      return network(bytes);
    });
  const names = () => residency.resident.map(({ name }) => name);
  return { residency, ask, names, told, lines, drawn };
}

test("what is open stays open, and is drawn once", async () => {
  const { residency, ask, names, drawn } = within(3 * kilobyte);
  const first = await ask("a");
  expect(await ask("a")).toBe(first);
  await ask("b");
  expect(await ask("a")).toBe(first);
  expect([drawn, names()]).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
  await residency.close();
  expect(names()).toEqual([]);
});

test("the budget holds: whoever was not used for longest goes first, and as few as will do", async () => {
  const { residency, ask, names, drawn } = within(3 * kilobyte);
  for (const name of ["a", "b", "c"]) await ask(name);
  await ask("a"); // b is the oldest now
  await ask("d");
  expect(names()).toEqual(["a", "c", "d"]);
  await ask("large", 2 * kilobyte); // takes two of them
  expect(names()).toEqual(["d", "large"]);
  await ask("b"); // opened anew
  expect(names()).toEqual(["large", "b"]);
  expect(drawn).toEqual(["a", "b", "c", "d", "large", "b"]);
  await residency.close();
});

test("what alone is larger than the budget is opened all the same, alone", async () => {
  const { residency, ask, names } = within(kilobyte);
  await ask("a");
  const session = await ask("huge", 4 * kilobyte);
  expect(names()).toEqual(["huge"]);
  const x = { dims: [1, kilobyte], data: new Float32Array(kilobyte).fill(2) };
  expect((await session.run({ x })).y?.data[7]).toBe(2);
  await ask("a");
  expect(names()).toEqual(["a"]);
  await residency.close();
});

test("every change is told with its bytes, and logged", async () => {
  const { residency, ask, told, lines } = within(kilobyte);
  await ask("a");
  await ask("b");
  await residency.close();
  const a = { name: "a", bytes: kilobyte };
  const b = { name: "b", bytes: kilobyte };
  expect(told).toEqual([[a], [], [b], []]);
  expect(lines.map((line) => line.replace(/^\S+ info  | ms=\d+/g, ""))).toEqual([
    "opened a network network=a bytes=1024",
    "closed a network network=a bytes=1024",
    "opened a network network=b bytes=1024",
    "closed a network network=b bytes=1024",
  ]);
});

test("a network that cannot be opened is not counted and is tried again", async () => {
  const { residency, ask, names } = within(2 * kilobyte);
  await ask("a");
  const broken = () => residency.session("key", "broken", () => network(kilobyte, "/nowhere/file"));
  for (let attempt = 0; attempt < 2; attempt += 1)
    await expect(broken()).rejects.toThrow("could not be opened");
  expect(names()).toEqual(["a"]);
  await residency.session("key", "broken", () => network(kilobyte));
  expect(names()).toEqual(["a", "broken"]);
  await residency.close();
});
