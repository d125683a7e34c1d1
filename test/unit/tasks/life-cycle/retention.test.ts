import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "#/lib/log.ts";
import { silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import { ScriptedEngine } from "../../../support/scripted-engine.ts";
import { soon } from "../../../support/served-bench.ts";
import { type BenchOptions, benchFolder, openBench, small } from "../../../support/task-bench.ts";

const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;
const inputOf = (n: number): string => `${n.toString(16).padStart(64, "0")}.png`;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/**
 * A folder with so many tasks that have ended, the last one a day ago, each a day after the one before, with a picture of 100
 * bytes and an input each; the last two name the same input.
 */
async function historyOf(count: number): Promise<string> {
  const folder = benchFolder();
  folders.push(folder);
  for (const name of ["outputs/2026-01-01", "inputs"]) mkdirSync(join(folder, name), { recursive: true });
  const history = openHistory(join(folder, "outputs/db.sqlite3"));
  for (let n = 1; n <= count; n += 1) {
    const at = now - (count - n + 1) * day;
    const input = inputOf(Math.min(n, count - 1));
    for (const path of [`outputs/2026-01-01/${n}.png`, `inputs/${input}`]) {
      writeFileSync(join(folder, path), new Uint8Array(100));
      utimesSync(join(folder, path), at / 1000, at / 1000);
    }
    await history.insert({
      ...{ id: idOf(n), webhookUrl: "", label: null, warnings: [], queuedAt: at },
      request: { uov_input_image: `http://h/inputs/${input}` },
      door: { name: "fooocus-api", word: "" },
    });
    const url = `http://h/outputs/2026-01-01/${n}.png`;
    await history.settle(idOf(n), {
      ...{ outcome: "finished", startedAt: at, finishedAt: at, percent: 100, error: null },
      images: [{ index: 0, url, width: 1, height: 1, seed: "1", timings: null }],
    });
  }
  await history.close();
  return folder;
}

const filesIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".")) : [];
const numbersIn = (folder: string): readonly number[] =>
  filesIn(join(folder, "outputs/2026-01-01"))
    .map((name) => Number.parseInt(name, 10))
    .toSorted((a, b) => a - b);

/** What is left of a folder once a server with these settings has started in it. */
async function leftBy(folder: string, config: BenchOptions["config"], told?: (line: string) => void) {
  const log: Log = { ...silentLog, info: (text, facts) => told?.(`${text} ${JSON.stringify(facts)}`) };
  const bench = await openBench({
    folder,
    clock: () => now,
    log,
    ...(config === undefined ? {} : { config }),
  });
  // It ends with the pass at hand.
  await bench.tasks.close(1000);
  const rows = (await bench.tasks.history({ page: 0, pageSize: 1000 })).length;
  await bench.history.close();
  return { rows, pictures: numbersIn(folder), inputs: filesIn(join(folder, "inputs")).length };
}

const from = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

test("nothing is deleted unless it is asked for, orphans included", async () => {
  const folder = await historyOf(6);
  writeFileSync(join(folder, "inputs", inputOf(99)), "an orphan");
  utimesSync(join(folder, "inputs", inputOf(99)), 0, 0);
  expect(await leftBy(folder, {})).toEqual({ rows: 6, pictures: from(1, 6), inputs: 6 });
});

test("a number of tasks is kept, the newest, in steps however many there are; one line says what went", async () => {
  const folder = await historyOf(250);
  const lines: string[] = [];
  const bench = await openBench({
    ...{ folder, clock: () => now, config: { keep_tasks: 5 } },
    log: { ...silentLog, info: (text, facts) => void lines.push(`${text} ${JSON.stringify(facts)}`) },
  });
  const removed: number[] = [];
  bench.tasks.subscribe((event) => {
    if (event.type === "removed") removed.push(event.tasks.length);
  });
  expect(await soon(() => lines.length > 0)).toBe(true);
  expect(lines).toEqual([
    'what is more than the settings keep was deleted {"tasks":245,"images":245,"orphaned_inputs":0}',
  ]);
  // No step holds the event loop for long.
  expect(Math.max(...removed)).toBeLessThanOrEqual(50);
  expect(numbersIn(folder)).toEqual([...from(246, 250)]);
  expect((await bench.tasks.history({ page: 0, pageSize: 1000 })).map(({ id }) => id)).toEqual(
    from(246, 250).toReversed().map(idOf),
  );
  expect(filesIn(join(folder, "inputs"))).toHaveLength(4);
  await bench.close();
});

test("days, and bytes of pictures: what ended longest ago goes, and never one with a star", async () => {
  const days = await historyOf(6);
  const history = openHistory(join(days, "outputs/db.sqlite3"));
  await history.star(idOf(2), true);
  await history.close();
  // The end of the fourth is three days ago, to the millisecond.
  const left = async (config: BenchOptions["config"]) => {
    const bench = await openBench({ ...{ folder: days, clock: () => now }, ...(config && { config }) });
    await soon(() => numbersIn(days).length === 4);
    await bench.tasks.close(1000);
    await bench.history.close();
    return numbersIn(days);
  };
  expect(await left({ keep_days: 3 })).toEqual([2, 4, 5, 6]);

  const bytes = await historyOf(6);
  const bench = await openBench({ folder: bytes, clock: () => now, config: { keep_pictures_bytes: 399 } });
  expect(await soon(() => numbersIn(bytes).length === 3)).toBe(true);
  await Bun.sleep(50);
  expect(numbersIn(bytes)).toEqual([4, 5, 6]);
  await bench.close();
});

test("what runs, what waits, what ended just now and what is not ours stays", async () => {
  const folder = await historyOf(2);
  writeFileSync(join(folder, "outputs/2026-01-01/7-mine.png"), "not ours");
  writeFileSync(join(folder, "inputs/mine.png"), "not ours");
  for (const name of [inputOf(99), "mine.png"]) {
    writeFileSync(join(folder, "inputs", name), "an old picture");
    utimesSync(join(folder, "inputs", name), 1, 1);
  }
  const before = await openBench({ folder, clock: () => now });
  const recent = await before.tasks.submit(small);
  await before.tasks.settled(recent.id, AbortSignal.timeout(60_000));
  await before.tasks.pause(true);
  const waiting = await before.tasks.submit(small);
  await before.tasks.pause(false);
  before.crash();

  const held = new ScriptedEngine({ beforeStep: () => new Promise(() => {}) });
  const bench = await openBench({
    ...{ folder, engine: held, clock: () => now + 1000 },
    config: { keep_tasks: 1, keep_pictures_bytes: 1, keep_days: 1 },
  });
  const queued = await bench.tasks.submit(small);
  expect(await soon(async () => (await bench.tasks.find(idOf(2))) === undefined)).toBe(true);
  expect(await soon(() => !existsSync(join(folder, "inputs", inputOf(99))))).toBe(true);
  expect(
    await Promise.all(
      [recent, waiting, queued].map(async ({ id }) => (await bench.tasks.find(id))?.state.status),
    ),
  ).toEqual(["settled", "running", "pending"]);
  expect(filesIn(join(folder, "outputs/2026-01-01"))).toEqual(["7-mine.png"]);
  expect(filesIn(join(folder, "inputs"))).toEqual(["mine.png"]);
  await bench.tasks.close(0);
  await bench.history.close();
});
