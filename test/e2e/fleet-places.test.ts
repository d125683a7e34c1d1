import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type FleetBench, type FleetProcess, openFleetBench } from "../support/fleet-processes.ts";
import { noRedis, type OwnRedis, ownRedis } from "../support/own-redis.ts";

setDefaultTimeout(120_000);
if (noRedis !== undefined) process.stderr.write(`the places of a fleet's pictures: skipped, ${noRedis}\n`);

/** What a process said that ended by itself. */
const lastWords = ({ child, output }: FleetProcess): string => `${child.exitCode}: ${output.text}`;

async function give({ url }: FleetProcess): Promise<string> {
  const request = { prompt: "a circle", style_selections: [], performance_selection: "Lightning" };
  const size = { overwrite_width: 64, overwrite_height: 64, async_process: true };
  const body = JSON.stringify({ ...request, ...size });
  return (await (await fetch(`${url}/v1/engine/generate/`, { method: "POST", body })).json()).task_id;
}

async function rowOf({ url }: FleetProcess, id: string, wait: number) {
  return await (await fetch(`${url}/tasks/${id}?wait=${wait}`)).json();
}

async function soon(isSo: () => boolean): Promise<boolean> {
  for (const until = Date.now() + 30_000; Date.now() < until; await Bun.sleep(50)) if (isSo()) return true;
  return false;
}

describe.skipIf(noRedis !== undefined)("where a fleet's pictures are", () => {
  let redis: OwnRedis;
  let bench: FleetBench;

  beforeEach(async () => {
    redis = await ownRedis("maxmemory-policy", "noeviction");
    bench = openFleetBench(redis.url);
  });

  afterEach(async () => {
    await bench.close();
    await redis.close();
  });

  const below = (name: string): string => join(bench.folder, name);

  test("a worker that is there first waits for a head, and says so", async () => {
    const coming = bench.worker("west", 5, "--log-level", "info");
    await Bun.sleep(4000);
    const head = await bench.head("head");
    const west = await coming;
    expect(west.output.text).toContain("no head of the fleet is there, which says where the pictures are");
    expect((await rowOf(head, await give(head), 60)).task_status).toBe("finished");
    expect(readFileSync(join(below("outputs"), ".fleet"), "utf8")).toMatch(/^[0-9a-f]{32}\n$/);
  });

  test("one whose folders are others does not start, in a sentence with the folder and the way out", async () => {
    await bench.head("head");
    const empty = await bench.realWorker("west", "--outputs", below("elsewhere"));
    expect(lastWords(empty)).toStartWith("1: ");
    expect(empty.output.text).toContain(
      `The outputs folder ${below("elsewhere")} is not that of the heads of this fleet: it has no file .fleet. Mount their outputs folder there, or name where it is with --outputs.`,
    );
    const mixed = await bench.realWorker("east", "--inputs", below("outputs"));
    expect(mixed.output.text).toContain(`The inputs folder ${below("outputs")} is not that of the heads`);
    expect(mixed.output.text).toContain("it has another .fleet than theirs");
    const bucket = await bench.realWorker("north", "--pictures", "s3://pictures");
    expect(bucket.output.text).toContain("The heads of this fleet keep pictures in a folder");
  });

  test("one whose folder goes away takes nothing, says why, and goes on when it is there again", async () => {
    const head = await bench.head("head");
    const [mount, away] = [below("mount"), below("away")];
    symlinkSync(below("outputs"), mount);
    const west = await bench.worker("west", 5, "--outputs", mount, "--log-level", "info");
    expect((await rowOf(head, await give(head), 60)).task_status).toBe("finished");
    mkdirSync(away);
    rmSync(mount);
    symlinkSync(away, mount);
    expect(await soon(() => west.output.text.includes("no tasks are taken"))).toBe(true);
    expect(west.output.text).toContain(`The outputs folder ${mount} is not that of the heads`);
    const id = await give(head);
    expect((await rowOf(head, id, 4)).start_mills ?? null).toBeNull();
    rmSync(mount);
    symlinkSync(below("outputs"), mount);
    const row = await rowOf(head, id, 60);
    expect(row.task_status).toBe("finished");
    expect((await fetch(row.result[0])).status).toBe(200);
  });

  test("a picture is not written into what lies under a mount that went in the middle of a task, which goes on later", async () => {
    const head = await bench.head("head");
    const [mount, away] = [below("mount"), below("away")];
    symlinkSync(below("outputs"), mount);
    const west = await bench.worker("west", 800, "--outputs", mount);
    const id = await give(head);
    for (let tries = 0; tries < 200 && (await rowOf(head, id, 0)).start_mills === null; tries += 1)
      await Bun.sleep(50);
    mkdirSync(away);
    symlinkSync(away, `${mount}-new`);
    renameSync(`${mount}-new`, mount);
    expect(await soon(() => west.output.text.includes("a task goes back to the fleet"))).toBe(true);
    expect((await rowOf(head, id, 0)).task_status).toBe(null);
    expect(readdirSync(away).filter((name) => name !== "model-hashes.json")).toEqual([]);
    symlinkSync(below("outputs"), `${mount}-new`);
    renameSync(`${mount}-new`, mount);
    const row = await rowOf(head, id, 60);
    expect([row.task_status, row.error], west.output.text).toEqual(["finished", undefined]);
    expect((await fetch(row.result[0])).status).toBe(200);
  });

  test("a second head over the same SQLite does not start; one with other folders neither", async () => {
    await bench.head("one");
    const same = await bench.head("two");
    expect(lastWords(same)).toStartWith("1: ");
    expect(same.output.text).toContain("start all heads of a fleet with --history postgres://");
    const other = await bench.head("three", "--outputs", below("others"));
    expect(lastWords(other)).toStartWith("1: ");
    expect(other.output.text).toContain(
      `The outputs folder ${below("others")} is not that of the other heads of this fleet`,
    );
  });
});
