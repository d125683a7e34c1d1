import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { lockFolder } from "#/stores/folder-lock.ts";
import { isBusy } from "#/stores/history/failures.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { NewTask } from "#/stores/history.ts";
import { smallDisk } from "../../../support/small-disk.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-weather-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newPath = (): string => join(root, crypto.randomUUID(), "db.sqlite3");

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;
const fresh = (n: number): NewTask => ({
  id: idOf(n),
  request: { prompt: "long ".repeat(200) },
  webhookUrl: "",
  label: null,
  door: { name: "fooocus-api", word: "" },
  warnings: [],
  queuedAt: n,
});
const settlement = {
  outcome: "finished",
  startedAt: 1,
  finishedAt: 2,
  percent: 100,
  images: [],
  error: null,
} as const;

/** A history of some tasks that nobody has open: statements keep one open for a while after its end. */
async function written(path: string, tasks = 20): Promise<string> {
  const first = newPath();
  const history = openHistory(first);
  for (let n = 1; n <= tasks; n += 1) await history.insert(fresh(n));
  await history.setCounter("seq", 20);
  await history.close();
  const database = new Database(first);
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(first, path);
  return path;
}

/** The sentence an opening ends with. */
async function refusal(path: string, code = "storage-failed"): Promise<string> {
  try {
    await openHistory(path).close();
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: "EngineError", code });
    return thrown instanceof Error ? thrown.message : "";
  }
  return "it opened";
}

/** A file that could not be brought back is not tried with every call. */
async function untilItWorks(write: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await write();
      return;
    } catch (thrown) {
      if (tries === 100) throw thrown;
    }
    await Bun.sleep(50);
  }
}

const listening = () => {
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date(0) });
  return { lines, log };
};

test("a history that is cut short, or overwritten in the middle, is refused at the start and stays as it is", async () => {
  const cut = await written(newPath());
  truncateSync(cut, 8192);
  const holed = await written(newPath());
  const bytes = readFileSync(holed);
  bytes.fill(0xee, 4096 * 3, bytes.length - 4096);
  writeFileSync(holed, bytes);
  for (const path of [cut, holed]) {
    const before = readFileSync(path);
    const sentence = await refusal(path);
    expect(sentence).toContain(`The history ${path} cannot be used: the file is damaged`);
    expect(sentence).toContain("move it away together with its -wal and -shm");
    expect(sentence).not.toContain("\n");
    expect(readFileSync(path).equals(before)).toBe(true);
  }
});

test("a folder in the place of the history, and a history of a newer version, are named with the way out", async () => {
  const folder = newPath();
  mkdirSync(folder, { recursive: true });
  expect(await refusal(folder)).toBe(
    `The history ${folder} is no file but a folder or a device; move it away, or name another folder with --outputs.`,
  );
  const newer = await written(newPath(), 1);
  const database = new Database(newer);
  database.run("PRAGMA user_version = 99");
  database.close();
  expect(await refusal(newer)).toMatch(
    /newer version of fooocusd \(99 > \d+\)\. Start that version, or name/,
  );
});

test("a history that another program keeps locked is refused with its name", async () => {
  const path = await written(newPath(), 1);
  const other = new Database(path);
  other.run("BEGIN IMMEDIATE");
  expect(await refusal(path, "storage-away")).toContain("another program keeps it locked; end that program");
  other.close();
}, 30_000);

const disk = smallDisk("1m");
afterAll(disk.close);
const whenMounted = test.skipIf(!disk.mounted);

whenMounted(
  `a history that may not be written is refused at the start, not at the first task${disk.why}`,
  async () => {
    const path = await written(join(disk.folder, "protected/db.sqlite3"), 1);
    const file = join(root, "on-a-protected-disk");
    // The folder may be written, the file may not.
    mkdirSync(file);
    writeFileSync(join(file, "db.sqlite3"), "");
    expect(Bun.spawnSync(["mount", "--bind", path, join(file, "db.sqlite3")]).exitCode).toBe(0);
    Bun.spawnSync(["mount", "-o", "remount,bind,ro", join(file, "db.sqlite3")]);
    const sentence = await refusal(join(file, "db.sqlite3"));
    Bun.spawnSync(["umount", "-l", join(file, "db.sqlite3")]);
    expect(sentence).toContain("it may not be written; let this user write the file and its folder");
  },
);

whenMounted(
  `a full disk is told at the start, and nothing is lost once there is room${disk.why}`,
  async () => {
    const path = await written(join(disk.folder, "full/db.sqlite3"), 3);
    const filler = disk.fill();
    expect(await refusal(path, "disk-full")).toContain("its disk is full; make room there");
    rmSync(filler);
    const history = openHistory(path);
    expect(await history.unfinished()).toHaveLength(3);
    await history.close();
  },
);

test("what a kill left beside the file is taken up; a log without its file is put aside, not deleted", async () => {
  const path = newPath();
  const history = openHistory(path);
  await history.insert(fresh(1));
  const killed = newPath();
  mkdirSync(dirname(killed), { recursive: true });
  for (const end of ["", "-wal", "-shm"]) copyFileSync(`${path}${end}`, `${killed}${end}`);
  const taken = openHistory(killed);
  expect((await taken.unfinished()).map(({ id }) => id)).toEqual([idOf(1)]);
  await taken.close();
  const lone = newPath();
  mkdirSync(dirname(lone), { recursive: true });
  copyFileSync(`${path}-wal`, `${lone}-wal`);
  const size = statSync(`${lone}-wal`).size;
  const { lines, log } = listening();
  await openHistory(lone, { log }).close();
  expect(lines.join()).toContain(`the log is kept as ${lone}.left-behind-wal`);
  expect(statSync(`${lone}.left-behind-wal`).size).toBe(size);
  await history.close();
});

test("a locked history says so at once, is read all the same, and writes again when it is free", async () => {
  const path = newPath();
  const history = openHistory(path);
  await history.insert(fresh(1));
  const other = new Database(path);
  other.run("BEGIN IMMEDIATE");
  const from = performance.now();
  let thrown: unknown;
  try {
    await history.imageSaved(idOf(1), []);
  } catch (caught) {
    thrown = caught;
  }
  // It was 5 s, in which nobody was answered.
  expect(performance.now() - from).toBeLessThan(1000);
  expect(isBusy(thrown)).toBe(true);
  expect(thrown).toMatchObject({
    message: expect.stringContaining("the history db.sqlite3: another program"),
  });
  expect((await history.find(idOf(1)))?.id).toBe(idOf(1));
  other.run("ROLLBACK");
  other.close();
  await history.settle(idOf(1), settlement);
  expect(await history.countSettled()).toBe(1);
  await history.close();
});

test("a history whose folder is deleted while it is open goes on in a real file, with every row", async () => {
  const { lines, log } = listening();
  const path = newPath();
  const lock = lockFolder(dirname(path));
  const history = openHistory(path, { log, claim: lock.renew });
  for (const n of [1, 2, 3]) await history.insert(fresh(n));
  await history.settle(idOf(1), settlement);
  rmSync(dirname(path), { recursive: true });
  await history.insert(fresh(4));
  expect(lines.join()).toContain("was deleted or moved away while the server ran; it was written anew");
  // As a kill would leave it.
  const copy = newPath();
  mkdirSync(dirname(copy), { recursive: true });
  for (const end of ["", "-wal"]) copyFileSync(`${path}${end}`, `${copy}${end}`);
  const later = openHistory(copy);
  expect((await later.unfinished()).map(({ id }) => id)).toEqual([2, 3, 4].map(idOf));
  expect(await later.countSettled()).toBe(1);
  await later.close();
  expect(() => lockFolder(dirname(path))).toThrow("Another fooocusd works in the folder");
  expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  await history.close();
  lock.release();
});

test("a deleted history is noticed while nobody asks for anything", async () => {
  const path = newPath();
  const history = openHistory(path);
  await history.insert(fresh(1));
  rmSync(dirname(path), { recursive: true });
  const deadline = performance.now() + 30_000;
  while (!existsSync(path) && performance.now() < deadline) await Bun.sleep(50);
  expect(existsSync(path)).toBe(true);
  await history.close();
}, 60_000);

test("a history that is replaced while it is open goes on in the new one, with what has not ended; the old one is kept", async () => {
  const { lines, log } = listening();
  const path = newPath();
  const history = openHistory(path, { log });
  for (const n of [31, 32]) await history.insert(fresh(n));
  await history.settle(idOf(31), settlement, {
    id: "msg",
    url: "http://h/",
    body: "{}",
    attempts: 0,
    nextAt: 5,
  });
  await history.setCounter("seq", 500);
  renameSync(await written(newPath()), path);
  await history.settle(idOf(32), settlement);
  const states = await Promise.all([31, 32, 7].map(async (n) => (await history.find(idOf(n)))?.state.status));
  expect(states).toEqual([undefined, "settled", "pending"]);
  expect([await history.counter("seq"), (await history.deliveries()).length]).toEqual([500, 1]);
  expect(lines.join()).toContain("was replaced by another file while the server ran");
  const kept = openHistory(`${path}.before-it-was-replaced`);
  expect((await kept.find(idOf(31)))?.state.status).toBe("settled");
  await kept.close();
  await history.close();
});

test("a history in whose place another program puts what is no history says so, and goes on when it is gone", async () => {
  const path = newPath();
  const history = openHistory(path);
  await history.insert(fresh(1));
  rmSync(path);
  writeFileSync(path, "no database ".repeat(1000));
  await expect(history.insert(fresh(2))).rejects.toThrow(
    "The history db.sqlite3 cannot be used: the file is damaged",
  );
  rmSync(path);
  await untilItWorks(() => history.insert(fresh(2)));
  expect((await history.unfinished()).map(({ id }) => id)).toEqual([idOf(1), idOf(2)]);
  await history.close();
});

test("a lock that is deleted from under a server is taken again, before another server can", async () => {
  const path = newPath();
  const lock = lockFolder(dirname(path));
  const history = openHistory(path, { claim: lock.renew });
  rmSync(join(dirname(path), "server.lock"));
  await history.countSettled();
  expect(() => lockFolder(dirname(path))).toThrow("Another fooocusd works in the folder");
  await history.close();
  lock.release();
});

test("a folder that another server took after it was deleted is left to that one", async () => {
  const path = newPath();
  const lock = lockFolder(dirname(path));
  const history = openHistory(path, { claim: lock.renew });
  await history.insert(fresh(1));
  rmSync(dirname(path), { recursive: true });
  const theirs = lockFolder(dirname(path));
  await expect(history.insert(fresh(2))).rejects.toThrow(
    `Another fooocusd works in the folder ${basename(dirname(path))};`,
  );
  expect(existsSync(path)).toBe(false);
  theirs.release();
  await untilItWorks(() => history.insert(fresh(2)));
  expect(await history.unfinished()).toHaveLength(2);
  await history.close();
  lock.release();
});
