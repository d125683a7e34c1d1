import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { smallDisk } from "../support/small-disk.ts";
import { openBench, small } from "../support/task-bench.ts";

const disk = smallDisk("512k");
afterAll(disk.close);
const whenMounted = test.skipIf(!disk.mounted);

whenMounted(
  `a full disk fails tasks with its reason, half-writes nothing, loses nothing${disk.why}`,
  async () => {
    const outputs = join(disk.folder, "outputs");
    mkdirSync(outputs);
    const bench = openBench({ outputs });
    const { tasks } = bench;
    const ended = async (id: TaskId) => {
      const task = await tasks.settled(id, AbortSignal.timeout(120_000));
      return task?.state.status === "settled" ? task.state : undefined;
    };
    const before = await tasks.submit(small);
    expect((await ended(before.id))?.outcome).toBe("finished");

    tasks.pause(true);
    const waiting = [await tasks.submit(small), await tasks.submit(small)];
    const filler = disk.fill();
    tasks.pause(false);
    for (const { id } of waiting) {
      expect(await ended(id)).toMatchObject({ outcome: "failed", error: { code: "storage-failed" } });
    }
    const refused = await tasks.submit(small).catch((thrown: unknown) => thrown);
    if (refused instanceof Error) expect(refused).toMatchObject({ code: "storage-failed" });
    else throw new Error("a task was accepted that could not be written down");
    expect(readdirSync(join(outputs, ".drafts"))).toEqual([]);

    rmSync(filler);
    const after = await tasks.submit(small);
    expect((await ended(after.id))?.outcome).toBe("finished");
    // What could not be written then is written by now, or will be with the next try.
    await bench.tasks.close(1000);
    expect(bench.history.unfinished()).toEqual([]);
    for (const { id } of waiting) expect(bench.history.find(id)?.state).toMatchObject({ outcome: "failed" });
    const files = readdirSync(outputs, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".png"),
    );
    expect(files).toHaveLength(2);
    bench.history.close();
    expect(existsSync(join(outputs, "db.sqlite3"))).toBe(true);
    rmSync(bench.folder, { recursive: true, force: true });
  },
);
