import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { smallDisk } from "../support/small-disk.ts";
import { openBench, small } from "../support/task-bench.ts";

const disk = smallDisk("768k");
afterAll(disk.close);
const larger = smallDisk("40m");
afterAll(larger.close);
const whenMounted = test.skipIf(!disk.mounted);

whenMounted(
  `a full disk fails tasks with its reason, half-writes nothing, loses nothing${disk.why}`,
  async () => {
    const outputs = join(disk.folder, "outputs");
    mkdirSync(outputs);
    const bench = await openBench({ outputs });
    const { tasks } = bench;
    const ended = async (id: TaskId) => {
      const task = await tasks.settled(id, AbortSignal.timeout(120_000));
      return task?.state.status === "settled" ? task.state : undefined;
    };
    const before = await tasks.submit(small);
    expect((await ended(before.id))?.outcome).toBe("finished");

    await tasks.pause(true);
    const waiting = [await tasks.submit(small), await tasks.submit(small)];
    const filler = disk.fill();
    await tasks.pause(false);
    for (const { id } of waiting) {
      expect(await ended(id)).toMatchObject({ outcome: "failed", error: { code: "disk-full" } });
    }
    const refused = await tasks.submit(small).catch((thrown: unknown) => thrown);
    if (refused instanceof Error) expect(refused).toMatchObject({ code: "disk-full" });
    else throw new Error("a task was accepted that could not be written down");
    expect(readdirSync(join(outputs, ".drafts"))).toEqual([]);

    rmSync(filler);
    const after = await tasks.submit(small);
    expect((await ended(after.id))?.outcome).toBe("finished");
    // What could not be written then is written by now, or will be with the next try.
    await bench.tasks.close(1000);
    expect(await bench.history.unfinished()).toEqual([]);
    for (const { id } of waiting)
      expect((await bench.history.find(id))?.state).toMatchObject({ outcome: "failed" });
    const files = readdirSync(outputs, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".png"),
    );
    expect(files).toHaveLength(2);
    await bench.history.close();
    expect(existsSync(join(outputs, "db.sqlite3"))).toBe(true);
    rmSync(bench.folder, { recursive: true, force: true });
  },
);

whenMounted(
  `on a disk without a free byte tasks are deleted and starred, which makes room again${larger.why}`,
  async () => {
    const outputs = join(larger.folder, "outputs");
    const ballast = join(outputs, ".ballast");
    mkdirSync(outputs);
    const bench = await openBench({ outputs, ballast: true });
    const { tasks, history } = bench;
    const made: TaskId[] = [];
    for (let n = 0; n < 60; n += 1) {
      const { id } = await tasks.submit({
        ...small,
        prompt: `${"a round tower by the sea ".repeat(40)}${n}`,
      });
      await tasks.settled(id, AbortSignal.timeout(120_000));
      made.push(id);
    }
    expect(statSync(ballast).size).toBe(4 * 1024 ** 2);
    while (await history.indexSome());
    emptyLog(join(outputs, "db.sqlite3"));
    const filler = larger.fill();
    expect(statfsSync(larger.folder).bavail).toBe(0);
    const [first, second, ...others] = made;
    if (first === undefined || second === undefined) throw new Error("nothing was made");
    await tasks.star(second, true);
    expect((await history.starredAmong([second])).has(second)).toBe(true);
    expect(await tasks.remove(first, { keepInputs: false })).toEqual({ tasks: 1, images: 1 });
    expect(await tasks.removeRange({ from: 0, to: Date.now() }, { keepInputs: false })).toMatchObject({
      tasks: others.length + 1,
    });
    expect(await history.countSettled()).toBe(0);
    expect(
      readdirSync(outputs, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".png")),
    ).toEqual([]);

    rmSync(filler);
    for (let n = 0; n < 50 && statSync(ballast).size < 4 * 1024 ** 2; n += 1) await Bun.sleep(100);
    expect(statSync(ballast).size).toBe(4 * 1024 ** 2);
    await bench.close();
  },
);

/** As after a start: no room of an older transaction is there for the next one. */
function emptyLog(path: string): void {
  const database = new Database(path);
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}
