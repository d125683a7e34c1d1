import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mappingCount, mappingLimit, mappingMargin } from "#/runtime/mappings.ts";

const folder = mkdtempSync(join(tmpdir(), "mappings-"));
afterAll(() => rmSync(folder, { recursive: true }));

const limit = mappingLimit();
/** A container may allow millions, which is no limit to meet in a test. */
const within = test.skipIf(limit === undefined || limit > 100_000);

/** Networks of so many weights with so many values each, opened one after the other. */
type Opened = Readonly<{ count: number; weights: number; values: number }>;

async function nearTheLimit(
  room: number,
  { count, weights, values }: Opened,
  knowing: "told" | "blind" = "told",
) {
  const child = join(import.meta.dir, "../../support/mappings-child.ts");
  const program = [process.execPath, child, folder, ...[room, weights, values, count].map(String), knowing];
  const running = Bun.spawn(program, { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(running.stdout).text();
  expect(await running.exited).toBe(0);
  return JSON.parse(text);
}

test.skipIf(limit === undefined)(
  "the process and the system say how many mappings there are and may be",
  () => {
    expect(mappingCount()).toBeGreaterThan(20);
    expect(limit).toBeGreaterThan(mappingCount());
  },
);

within("every weight is one mapping, and a released network leaves none", async () => {
  const { opened, rows, left } = await nearTheLimit(20_000, { count: 1, weights: 400, values: 1024 });
  expect([opened, left]).toEqual([400, 0]);
  expect(rows).toEqual([{ mapped: 400, resident: 1 }]);
});

within(
  "near the limit networks are closed by count, before the runtime has to copy what it cannot map",
  async () => {
    const room = mappingMargin(limit ?? 0) + 1000;
    const { rows } = await nearTheLimit(room, { count: 5, weights: 400, values: 1024 });
    // Two fit beside what the process itself takes: the third closes the first.
    expect(rows.map(({ resident }: { resident: number }) => resident)).toEqual([1, 2, 2, 2, 2]);
    expect(rows.map(({ mapped }: { mapped: number }) => mapped)).toEqual([400, 800, 800, 800, 800]);
  },
);

within(
  "where counting did not help, everything else is closed and it is tried once more",
  async () => {
    const { rows } = await nearTheLimit(450, { count: 3, weights: 300, values: 256 * 1024 }, "blind");
    expect(rows.map(({ resident }: { resident: number }) => resident)).toEqual([1, 1, 1]);
  },
  60_000,
);

within(
  "what fits in no way says which limit it was and how to raise it",
  async () => {
    // A megabyte each: too large for the memory that is mapped already, so the runtime's own copy fails too.
    const { rows } = await nearTheLimit(100, { count: 2, weights: 300, values: 256 * 1024 });
    for (const row of rows) {
      expect(row).toMatchObject({ code: "out-of-memory", details: { wanted: 300, limit } });
      expect(row.message).toContain(`the system allows ${limit}. Raise vm.max_map_count`);
      expect(row.message).not.toContain("smaller picture");
    }
  },
  60_000,
);
