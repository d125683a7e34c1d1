import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { type FleetBench, type FleetProcess, openFleetBench } from "../support/fleet-processes.ts";
import { goldenPath } from "../support/golden.ts";
import { noRedis, type OwnRedis, ownRedis } from "../support/own-redis.ts";

setDefaultTimeout(180_000);
if (noRedis !== undefined) process.stderr.write(`questions of a fleet: skipped, ${noRedis}\n`);

const teal = { create: { width: 40, height: 20, channels: 3, background: "teal" } } as const;
const image = (await sharp(teal).png().toBuffer()).toString("base64");

describe.skipIf(noRedis !== undefined)("questions about pictures", () => {
  let redis: OwnRedis;
  let bench: FleetBench;
  /** A flag that names a folder of models with a network for masks in it. */
  let models: readonly string[];

  beforeEach(async () => {
    redis = await ownRedis("maxmemory-policy", "noeviction");
    bench = openFleetBench(redis.url);
    const folder = join(bench.folder, "masks");
    mkdirSync(join(folder, "inpaint"), { recursive: true });
    copyFileSync(goldenPath("foreign/u2net.onnx"), join(folder, "inpaint/u2net.onnx"));
    models = ["--models", `inpaint=${join(folder, "inpaint")}`];
  });

  afterEach(async () => {
    await bench.close();
    await redis.close();
  });

  async function ask({ url }: FleetProcess, signal?: AbortSignal) {
    const began = Date.now();
    const answer = await fetch(`${url}/v1/tools/generate_mask`, {
      method: "POST",
      body: JSON.stringify({ image, mask_model: "u2net" }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await answer.text();
    return { status: answer.status, text, took: Date.now() - began, at: Date.now() };
  }

  async function give({ url }: FleetProcess): Promise<string> {
    const request = { prompt: "a circle", style_selections: [], performance_selection: "Lightning" };
    const size = { overwrite_width: 64, overwrite_height: 64, async_process: true };
    const body = JSON.stringify({ ...request, ...size });
    return (await (await fetch(`${url}/v1/engine/generate/`, { method: "POST", body })).json()).task_id;
  }

  async function startOf({ url }: FleetProcess, id: string): Promise<number> {
    for (let tries = 0; tries < 300; tries += 1) {
      const row = await (await fetch(`${url}/tasks/${id}?wait=5`)).json();
      if (typeof row.finish_mills === "number") return row.start_mills;
    }
    throw new Error(`${id} never ended`);
  }

  test("a worker's engine makes the mask that a head was asked for", async () => {
    const head = await bench.head("head", ...models);
    await bench.realWorker("west", ...models);
    const { status, text } = await ask(head);
    expect(status, text).toBe(200);
    const { width, height, channels } = await sharp(Buffer.from(JSON.parse(text), "base64")).metadata();
    expect([width, height, channels]).toEqual([40, 20, 1]);
  });

  test("where nobody has the file, or nobody is there, it is said at once", async () => {
    const head = await bench.head("head", ...models);
    const none = await ask(head);
    expect([none.status, none.took < 3000]).toEqual([503, true]);
    expect(none.text).toContain(
      "No worker of the fleet takes questions about pictures now; start one that has u2net.onnx",
    );
    await bench.answerer("west", 5);
    const lacking = await ask(head);
    expect([lacking.status, lacking.took < 3000]).toEqual([503, true]);
    expect(lacking.text).toContain("The one worker of the fleet lacks a file of this request");
    expect(lacking.text).toContain("what the best one lacks: u2net.onnx");
    await bench.answerer("east", 5, ...models);
    expect((await ask(head)).status).toBe(200);
  });

  test("of a worker that is killed or hangs another one takes the question; where none is there, it ends", async () => {
    const head = await bench.head("head", ...models);
    const west = await bench.answerer("west", 120_000, ...models);
    const answer = ask(head);
    await Bun.sleep(1500);
    west.child.kill("SIGSTOP");
    await bench.answerer("east", 5, ...models);
    const { status, text, took } = await answer;
    expect([status, took < 25_000], text).toEqual([200, true]);
    await west.kill();
    await Bun.sleep(11_000);
    const north = await bench.answerer("north", 120_000, ...models);
    // Both may take the next two; the one with the slow engine dies with one of them.
    const both = [ask(head), ask(head)];
    await Bun.sleep(1500);
    await north.kill();
    for (const one of await Promise.all(both)) expect([one.status, one.took < 40_000]).toEqual([200, true]);
  });

  test("the only worker is killed with it: an error within a bounded time", async () => {
    const head = await bench.head("head", ...models);
    const west = await bench.answerer("west", 120_000, ...models);
    const answer = ask(head);
    await Bun.sleep(1500);
    await west.kill();
    const { status, text, took } = await answer;
    expect([status, took < 25_000], text).toEqual([503, true]);
    expect(text).toContain("No worker of the fleet takes questions");
  });

  test("whoever leaves frees the engine, and a worker that is stopped lets another one answer", async () => {
    const head = await bench.head("head", ...models);
    const west = await bench.answerer("west", 4000, "--shutdown-seconds", "0", ...models);
    const leaving = new AbortController();
    const left = ask(head, leaving.signal).catch(() => "left");
    await Bun.sleep(1000);
    leaving.abort();
    expect(await left).toBe("left");
    expect((await ask(head)).status).toBe(200);
    const answer = ask(head);
    await Bun.sleep(1000);
    await bench.answerer("east", 5, ...models);
    const engines = async () => await (await fetch(`${head.url}/v1/engines`)).json();
    while ((await engines()).length < 2) await Bun.sleep(50);
    await west.stop();
    const { status, text, took } = await answer;
    expect([status, took < 9000], text).toEqual([200, true]);
  });

  test("Redis is killed while it waits: an error within ten seconds", async () => {
    const head = await bench.head("head", ...models);
    await bench.answerer("west", 60_000, ...models);
    const answer = ask(head);
    await Bun.sleep(1500);
    await redis.kill();
    const killed = Date.now();
    const { status, text, at } = await answer;
    expect([status, at - killed < 11_500]).toEqual([503, true]);
    expect(text).toContain("The fleet's Redis at 127.0.0.1:");
    await redis.start();
  });

  test("questions come before tasks that wait, and let one of them in before the next", async () => {
    const head = await bench.head("head", ...models);
    await bench.answerer("west", 1500, ...models);
    const questions = [ask(head), ask(head), ask(head), ask(head)];
    await Bun.sleep(700);
    const ids = [await give(head), await give(head)];
    const [, second = 0, third = 0] = (await Promise.all(questions))
      .map(({ at }) => at)
      .toSorted((a, b) => a - b);
    const starts = (await Promise.all(ids.map((id) => startOf(head, id)))).toSorted((a, b) => a - b);
    const [first = Number.POSITIVE_INFINITY, next = Number.POSITIVE_INFINITY] = starts;
    expect([first < second, next < third, first < next - 1000]).toEqual([true, true, true]);
  });
});
