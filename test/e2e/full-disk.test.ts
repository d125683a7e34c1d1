import { afterAll, expect, test } from "bun:test";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskId } from "#/engine/protocol.ts";
import { openBench, small } from "../support/task-bench.ts";

const disk = mkdtempSync(join(tmpdir(), "fooocusd-disk-"));
const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk]).exitCode === 0;
afterAll(() => {
  if (mounted) Bun.spawnSync(["umount", "-l", disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Takes what is left of the disk. */
function fill(): string {
  const path = join(disk, "filler");
  const file = openSync(path, "w");
  try {
    for (const size of [4096, 512, 1]) {
      try {
        for (;;) if (writeSync(file, new Uint8Array(size).fill(1)) < size) break;
      } catch {
        // Full for pieces of this size.
      }
    }
  } finally {
    closeSync(file);
  }
  return path;
}

const whenMounted = test.skipIf(!mounted);
const why = mounted ? "" : " (skipped: this user may not mount a small disk)";

whenMounted(`a full disk fails tasks with its reason, half-writes nothing, loses nothing${why}`, async () => {
  const outputs = join(disk, "outputs");
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
  const filler = fill();
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
});
