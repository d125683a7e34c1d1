import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Channel } from "#/engine/channel.ts";
import { EngineHost } from "#/engine/host.ts";
import type { EngineEvent } from "#/engine/protocol.ts";
import { ReadAhead } from "#/lib/read-ahead.ts";
import { newTaskId } from "#/lib/task-id.ts";
import { dropFromCache, shareInCache } from "../../support/page-cache.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

const mebibyte = 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), "read-ahead-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of so many mebibytes, of which nothing lies in the page cache, if that can be brought about here. */
function cold(name: string, mebibytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(mebibytes * mebibyte).fill(7));
  dropFromCache(path);
  return path;
}

const droppable = shareInCache(cold("droppable", 8)) < 0.1;
const why = droppable ? "" : " (skipped: this disk keeps what it is told to drop)";

test.skipIf(!droppable)(`what is about to be mapped is read, and nothing else${why}`, async () => {
  const [first, second] = [cold("first", 64), cold("second", 32)];
  await new ReadAhead().start([
    { path: first, start: 32 * mebibyte, end: 64 * mebibyte },
    { path: second, start: 0, end: 32 * mebibyte },
  ]);
  // Some pieces may come so fast that their neighbours are taken to be there, and the kernel reads on behind an end.
  expect(shareInCache(first, 0, 16 * mebibyte)).toBe(0);
  expect(shareInCache(first, 32 * mebibyte)).toBeGreaterThan(0.2);
  expect(shareInCache(second)).toBeGreaterThan(0.2);
});

test.skipIf(!droppable)(`other parts, and an end, give up those at hand${why}`, async () => {
  const [first, second, third] = [cold("left", 64), cold("taken", 16), cold("never", 64)];
  const ahead = new ReadAhead();
  const left = ahead.start([{ path: first, start: 0, end: 64 * mebibyte }]);
  const taken = ahead.start([{ path: second, start: 0, end: 16 * mebibyte }]);
  await Promise.all([left, taken]);
  expect(shareInCache(second)).toBeGreaterThan(0.4);
  expect(shareInCache(first)).toBeLessThan(0.5);
  const ended = ahead.start([{ path: third, start: 0, end: 64 * mebibyte }]);
  ahead.cancel();
  await ended;
  expect(shareInCache(third)).toBeLessThan(0.5);
});

test("a file that is gone, or shorter than it was, is left to the engine", async () => {
  const short = join(folder, "short");
  writeFileSync(short, new Uint8Array(1000));
  const ahead = new ReadAhead();
  await ahead.start([{ path: join(folder, "gone"), start: 0, end: 100 }]);
  await ahead.start([{ path: short, start: 500, end: 100 * mebibyte }]);
});

/** A host of an engine that says what it is about to map, and then takes so many milliseconds. */
function hostOf(path: string, milliseconds: number): EngineHost {
  let tell: (event: EngineEvent) => void = () => undefined;
  const open = (): Channel => ({
    post: (command) => {
      if (command.type !== "generate") return;
      tell({ type: "reads", stretches: [{ path, start: 0, end: 64 * mebibyte }] });
      const settled = { type: "settled", id: command.id, outcome: { status: "finished" } } as const;
      setTimeout(() => tell(settled), milliseconds);
    },
    onEvent: (listener) => {
      tell = listener;
    },
    onClosed: () => undefined,
    kill: () => undefined,
  });
  const derived = { folder: "", budget: 0 };
  const settings = { modelRoots: [], providers: "auto", memoryBudget: 0, derived, threads: 1 } as const;
  return new EngineHost({ ...settings, weights: "in-place" }, open);
}

test.skipIf(!droppable)(`the server reads what its engine says, until the job ends${why}`, async () => {
  const job = async (path: string, milliseconds: number): Promise<number> => {
    const command = { type: "generate", id: newTaskId(), recipe: smallRecipe, inputs: [] } as const;
    await Array.fromAsync(hostOf(path, milliseconds).run(command));
    return shareInCache(path);
  };
  expect(await job(cold("long", 64), 3000)).toBeGreaterThan(0.1);
  expect(await job(cold("short job", 64), 0)).toBeLessThan(0.9);
});
