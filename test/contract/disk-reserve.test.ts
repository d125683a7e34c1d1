import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { diskHasRoom } from "#/routes/ready-checks.ts";
import { DiskReserve } from "#/stores/disk-reserve.ts";
import { liveClient } from "../support/live-client.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { smallDisk } from "../support/small-disk.ts";
import { small } from "../support/task-bench.ts";

setDefaultTimeout(300_000);

/** More than any disk has. */
const endless = 2 ** 52;
const megabyte = 1024 ** 2;

const picture = async (): Promise<string> => {
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  const png = sharp({ create: { width: 512, height: 512, channels: 3, background: "black", noise } }).png();
  return (await png.toBuffer()).toString("base64");
};

test("without room a request is refused by every door in its own form, and everything else works", async () => {
  await using bench = await serveBench({ reserve: endless });
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${bench.url}${path}`, { method: "POST", body: JSON.stringify(body) });
    return [answer.status, await answer.text()] as const;
  };
  const said =
    /^There is no room for more pictures: .* are free, this needs about 12\.3 kB, and 4500000 GB stay free \(disk_reserve\)\. Delete tasks/;
  const [status, text] = await post("/v1/engine/generate/", { ...small, image_seed: 7 });
  expect(status).toBe(507);
  const { detail } = JSON.parse(text);
  expect(detail).toMatch(said);
  const [asLegacy, legacy] = await post("/v1/generation/text-to-image", { prompt: "a circle" });
  expect(asLegacy).toBe(507);
  expect(JSON.parse(legacy).detail).toContain("There is no room for more pictures");
  const live = await liveClient(bench.url);
  const request = { ...small, image_seed: 7 };
  const heard = await live.ask({ type: "generate", request });
  expect(heard).toMatchObject({ type: "error", code: "disk-full", message: expect.stringMatching(said) });
  live.close();
  // Nothing of a request that is refused is kept.
  await post("/v1/engine/generate/", { ...small, image_seed: 7, uov_input_image: await picture() });
  expect(existsSync(join(bench.folder, "inputs"))).toBe(false);
  for (const path of ["/tasks", "/healthz", "/dashboard/", "/v1/engines/all-models"])
    expect([path, (await fetch(`${bench.url}${path}`)).status]).toEqual([path, 200]);
});

test("readiness tells that no request finds room", async () => {
  const of = (reserve: number) => new DiskReserve({ outputs: "nowhere/outputs", inputs: ".", reserve });
  expect(of(0).refusal()).toBeUndefined();
  const disk = diskHasRoom(of(endless));
  expect([disk.name, disk.failing()]).toEqual([
    "disk",
    expect.stringMatching(
      /^There is no room for more pictures: \S+ \S+ are free, and \S+ GB stay free \(disk_reserve\)\./,
    ),
  ]);
});

const disk = smallDisk("16m");
afterAll(disk.close);

test.skipIf(!disk.mounted)(
  `what was accepted is made of the reserve, then waits for room; nothing is lost${disk.why}`,
  async () => {
    const outputs = join(disk.folder, "outputs");
    mkdirSync(outputs);
    const held = gate();
    const late = gate();
    const engine = new ScriptedEngine({
      beforeStep: ({ image }) => (image === 1 ? late.passed : held.passed),
    });
    const bench = await serveBench({ outputs, engine, reserve: 8 * megabyte });
    const filler = (name: string, bytes: number) =>
      writeFileSync(join(disk.folder, name), new Uint8Array(bytes));
    const { tasks } = bench;
    const ended = async (id: (typeof running)["id"]) => {
      const task = await tasks.settled(id, AbortSignal.timeout(120_000));
      return task?.state.status === "settled" ? task.state : undefined;
    };
    const running = await tasks.submit(small);
    const waiting = [await tasks.submit(small), await tasks.submit(small)];

    // Within the reserve: nothing new is taken, what was accepted goes on.
    filler("half", 9 * megabyte);
    await expect(tasks.submit(small)).rejects.toMatchObject({ code: "disk-full" });
    // What a request needs counts: 3 bytes for each pixel of so many pictures.
    held.open();
    expect((await ended(running.id))?.outcome).toBe("finished");
    for (const { id } of waiting) expect((await ended(id))?.outcome).toBe("finished");

    // Down to the history's own part: what waits goes on waiting, without an end and without an attempt.
    rmSync(join(disk.folder, "half"));
    await tasks.pause(true);
    const [first, second] = [await tasks.submit(small), await tasks.submit(small)];
    filler("nearly all", 15 * megabyte);
    await tasks.pause(false);
    await Bun.sleep(200);
    expect(
      await Promise.all([first, second].map(async ({ id }) => (await tasks.find(id))?.state.status)),
    ).toEqual(["pending", "pending"]);
    expect((await fetch(`${bench.url}/tasks?query=pending`)).status).toBe(200);
    expect(await tasks.control(second.id, "cancel")).toBe("cancelled_pending");
    rmSync(join(disk.folder, "nearly all"));
    expect((await ended(first.id))?.outcome).toBe("finished");

    // In the middle of a task: it ends with a sentence, what it made stays.
    const cut = await tasks.submit({ ...small, image_number: 2 });
    expect(
      await soon(async () => {
        const state = (await tasks.find(cut.id))?.state;
        return state?.status === "running" && state.images.length === 1;
      }),
    ).toBe(true);
    filler("nearly all", 15 * megabyte);
    late.open();
    const state = await ended(cut.id);
    expect(state).toMatchObject({ outcome: "failed", error: { code: "disk-full" } });
    expect(state?.error?.message).toMatch(
      /^The disk of outputs is full: .* Make room, then send the request again\.$/,
    );
    expect(state?.images).toHaveLength(1);
    // Its end is written down all the same.
    expect((await bench.history.find(cut.id))?.state).toMatchObject({ outcome: "failed" });
    rmSync(join(disk.folder, "nearly all"));
    const need = { ...small, overwrite_width: 1024, overwrite_height: 1024, image_number: 4 };
    await expect(tasks.submit(need)).rejects.toMatchObject({
      code: "disk-full",
      details: { need: 4 * 3 * 1024 ** 2 },
    });
    expect(readdirSync(join(outputs, ".drafts"))).toEqual([]);
    await bench.close();
  },
);
