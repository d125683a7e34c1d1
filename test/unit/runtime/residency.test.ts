import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph } from "#/graph/graph.ts";
import { operators } from "#/graph/operators.ts";
import { add, matmul } from "#/graph/ops/arithmetic.ts";
import { createLog } from "#/lib/log.ts";
import { Residency, type Resident } from "#/runtime/residency.ts";
import { stampOf } from "#/weights/stamp.ts";

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
  const residency = new Residency(options, { bytes: budget }, log, (resident) => told.push(resident));
  const ask = (name: string, bytes = kilobyte) =>
    residency.session({
      key: `key of ${name}`,
      name,
      files: [],
      draw: () => {
        drawn.push(name);
        return network(bytes, join(folder, `${name} of ${bytes}`));
      },
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
    "opened a network network=a bytes=1024 mappings=1",
    'closed a network network=a bytes=1024 reason="room is needed"',
    "opened a network network=b bytes=1024 mappings=1",
    'closed a network network=b bytes=1024 reason="all are closed"',
  ]);
});

test("a network whose file was replaced or removed is closed with the next job, the others stay", async () => {
  const { residency, names } = within(10 * kilobyte);
  const paths = ["kept", "replaced", "removed"].map((name) => join(folder, name));
  for (const path of paths) {
    writeFileSync(path, new Uint8Array(kilobyte));
    const files = [{ path, stamp: stampOf(statSync(path)) }];
    await residency.session({ key: path, name: path, files, draw: () => network(kilobyte) });
  }
  await residency.dropReplaced();
  expect(names()).toEqual(paths);
  writeFileSync(join(folder, "new"), new Uint8Array(kilobyte));
  renameSync(join(folder, "new"), join(folder, "replaced"));
  rmSync(join(folder, "removed"));
  await residency.dropReplaced();
  expect(names()).toEqual([join(folder, "kept")]);
  await residency.close();
});

test("a file that is replaced between its header and its opening is not taken for the one it was", async () => {
  const { residency, names } = within(10 * kilobyte);
  const path = join(folder, "swapped");
  writeFileSync(path, new Uint8Array(kilobyte));
  const files = [{ path, stamp: stampOf(statSync(path)) }];
  const draw = () => {
    writeFileSync(join(folder, "other"), new Uint8Array(kilobyte));
    renameSync(join(folder, "other"), path);
    return network(kilobyte);
  };
  const asked = residency.session({ key: path, name: path, files, draw });
  await expect(asked).rejects.toThrow("swapped was replaced while it was read");
  expect(names()).toEqual([]);
  await residency.close();
});

test("a run that memory does not suffice for closes the others, is tried again, and then says so", async () => {
  const { residency, ask, names } = within(10 * kilobyte);
  await ask("a");
  await ask("b");
  const draw = (): Graph => {
    const g = new Graph({ operators: operators.cpu });
    const [column, row] = [g.input("column", "float32", ["N", 1]), g.input("row", "float32", [1, "N"])];
    g.output("y", matmul(column, row));
    return g;
  };
  const run = (n: number) => {
    const data = new Float32Array(n).fill(2);
    const inputs = { column: { dims: [n, 1], data }, row: { dims: [1, n], data } };
    return residency.run({ key: "outer", name: "outer", files: [], draw }, inputs);
  };
  const tooMuch = run(2 ** 20); // squared, four terabytes
  await expect(tooMuch).rejects.toThrow(
    /could not be run: [\s\S]*of size 4398046511104 Ask for a smaller picture/,
  );
  expect(names()).toEqual(["outer"]);
  expect((await run(3)).y?.data).toEqual(new Float32Array(9).fill(4));
  await residency.close();
});

test("which files are mapped can be asked", async () => {
  const { residency, ask } = within(10 * kilobyte);
  await ask("a");
  expect(residency.isUsing(join(folder, `a of ${kilobyte}`))).toBe(true);
  await residency.close();
  expect(residency.isUsing(join(folder, `a of ${kilobyte}`))).toBe(false);
});

test("a network that cannot be opened is not counted and is tried again", async () => {
  const { residency, ask, names } = within(2 * kilobyte);
  await ask("a");
  const named = { key: "key", name: "broken", files: [] };
  const broken = () => residency.session({ ...named, draw: () => network(kilobyte, "/nowhere/file") });
  for (let attempt = 0; attempt < 2; attempt += 1)
    await expect(broken()).rejects.toThrow("could not be opened");
  expect(names()).toEqual(["a"]);
  await residency.session({ ...named, draw: () => network(kilobyte) });
  expect(names()).toEqual(["a", "broken"]);
  await residency.close();
});
