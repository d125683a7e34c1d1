import { afterAll, expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { threadChannel } from "#/engine/channel.ts";
import { EngineHost } from "#/engine/host.ts";
import { tinyCheckpoint } from "../support/golden.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, small } from "../support/task-bench.ts";

/** Pictures over HTTP by samplers and schedules of every kind; the pipeline's tests take all of them with each other. */
const pairs = [
  ["heunpp2", "simple"],
  ["dpm_2_ancestral", "ddim_uniform"],
  ["dpm_fast", "exponential"],
  ["dpm_adaptive", "align_your_steps"],
  ["dpmpp_3m_sde_gpu", "karras"],
  ["tcd", "tcd"],
  ["restart", "normal"],
  ["uni_pc_bh2", "turbo"],
  ["dpmpp_2m", "edm_playground_v2.5"],
] as const;

const folder = benchFolder();
const base = join(folder, "models/checkpoints/base.safetensors");
rmSync(base);
symlinkSync(await tinyCheckpoint(), base);
const settings = {
  modelRoots: [join(folder, "models")],
  providers: ["cpu"],
  weights: "in-place",
  memoryBudget: 1_000_000_000,
  derived: { folder: join(folder, "derived"), budget: 0 },
  threads: 1,
} as const;
const engine = new EngineHost(settings, () =>
  threadChannel(new URL("../../src/engine/worker.ts", import.meta.url)),
);
const bench = await serveBench({ folder, engine });
afterAll(async () => {
  await engine.close();
  await bench.close();
});

for (const [sampler, schedule] of pairs) {
  test(`${sampler} with ${schedule} answers with a picture and says how it was made`, async () => {
    const body = { ...small, sampler_name: sampler, scheduler_name: schedule };
    const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify({ ...body, image_seed: 7 }),
    });
    const { task_status: status, result, pictures } = await answer.json();
    expect([answer.status, status]).toEqual([200, "finished"]);
    expect(pictures[0]).toMatchObject({ sampler_name: sampler, scheduler_name: schedule, steps: 4 });
    const picture = await (await fetch(result[0])).arrayBuffer();
    const { channels } = await sharp(picture).stats();
    for (const { stdev } of channels) expect(stdev).toBeGreaterThan(1);
  }, 60_000);
}
