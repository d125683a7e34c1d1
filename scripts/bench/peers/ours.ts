/**
 * Our half of `peers.ts`, in a process of its own: `ours.ts ASKED PRECISION`, ASKED as JSON; what was measured is JSON on its output.
 * Run from the checkout whose sources are to be measured.
 */
import { operators } from "#/graph/operators.ts";
import type { FullReason } from "#/lib/full-reason.ts";
import { createLog } from "#/lib/log.ts";
import { baseModel } from "#/pipeline/base-model.ts";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import { discreteSampling } from "#/sampling/model-sampling.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../../test/support/small-recipe.ts";
import { stubJob } from "../../../test/support/stub-job.ts";
import type { Asked, Measured, Seconds } from "./part.ts";

const [task = "", precision] = process.argv.slice(2);
const asked = JSON.parse(task) as Asked;
const weights = precision === "packed" ? "packed" : "in-place";
const side = asked.side / 8;

const random = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => Math.random() * 2 - 1),
});

const now = (): Seconds => {
  const { user, system } = process.cpuUsage();
  return { processor: (user + system) / 1e6, wall: performance.now() / 1000 };
};
const since = (start: Seconds, end = now()): Seconds => ({
  processor: end.processor - start.processor,
  wall: end.wall - start.wall,
});
const sum = (parts: readonly Seconds[]): Seconds => ({
  processor: parts.reduce((all, { processor }) => all + processor, 0),
  wall: parts.reduce((all, { wall }) => all + wall, 0),
});

/** When the last network was open: the runtime says so in the log, before it runs. */
let opened = now();
const log = createLog("info", {
  write: (line) => {
    if (line.includes("opened a network")) opened = now();
  },
  now: () => new Date(),
});
const recipe = { ...smallRecipe, size: { width: asked.side, height: asked.side } };
// As the pipeline draws for each; only the one that needs it asks for what older checkouts do not have.
const drawnWith =
  precision === "packed"
    ? (await import("#/graph/operators.ts")).operatorsOf("cpu", "packed")
    : operators.cpu;
const residency = new Residency({ device: "cpu", weights, threads: asked.threads }, { bytes: 2 ** 40 }, log);
const derived = new DerivedFiles({ folder: asked.cache, budget: 2 ** 40 }, log);
// As the server does: the processor and a trial decide.
const reason =
  precision === "fast"
    ? await (await import("#/runtime/eight-bits-choice.ts")).thisMachine.whyFull("cpu", asked.threads)()
    : undefined;
const networks = openNetworks(
  { base: asked.checkpoint, loras: [] },
  // What is derived for it and is not in the cache yet is written as each network opens.
  { clipSkip: 2, fast: precision === "fast" && reason === undefined },
  { operators: drawnWith, residency, derived },
);

async function said(why: FullReason): Promise<string> {
  const { noteSentence } = await import("#/tasks/life-cycle/note-sentence.ts");
  return noteSentence({ note: "full-precision", reason: why });
}

const openings: Seconds[] = [];
let finite = true;

/** Runs something once, which opens it and fills the caches, and then so often that it counts; 0 counts the first. */
async function timed(runs: number, work: () => Promise<readonly (Tensor | undefined)[]>): Promise<Seconds[]> {
  const began = now();
  const [answer] = await work();
  const list = runs === 0 ? [since(opened)] : [];
  openings.push(since(began, opened));
  finite &&= answer?.data.every(Number.isFinite) ?? false;
  for (let run = 0; run < runs; run += 1) {
    const start = now();
    await work();
    list.push(since(start));
  }
  return list;
}

const words = [49406, ...Array.from({ length: 20 }, (_, i) => 320 + 17 * i)];
const tokens = [...words, ...Array.from({ length: 77 - words.length }, () => 49407)];

const text = [
  await timed(asked.runs, async () => [(await networks.textL(tokens)).hidden]),
  await timed(asked.runs, async () => [(await networks.textG(tokens)).hidden]),
];
const latent = random([1, 4, side, side]);
const one = { context: random([1, 77, 2048]), pooled: random([1, 1280]) };
const [spec] = recipe.images;
if (spec === undefined) throw new Error("a recipe has an image");
const image = {
  job: stubJob(networks, { recipe }),
  index: 0,
  spec,
  prompts: { positive: one, negative: one },
  beginning: fromNoise(recipe),
};
// As a step asks it, so that what the pipeline makes once of a text is not made again.
const estimate = baseModel(
  image,
  discreteSampling({ prediction: "eps", schedule: "scaled-linear" }),
).estimate("positive");
const unet = await timed(asked.runs, async () => [await estimate(latent, 2)]);
// As the pipeline has it: more than 640 x 640 pixels are decoded by strips.
const decode = async (): Promise<Tensor> => {
  if (asked.side <= 640) return networks.decode(latent);
  for await (const event of networks.decodeByStrips(latent)) if (event.at === "end") return event.answer;
  throw new Error("nothing was answered");
};
const vae = await timed(0, async () => [await decode()]);
await residency.close();
const measured: Measured = {
  opening: sum(openings),
  text: text[0]?.map((one, i) => sum([one, text[1]?.[i] ?? one])) ?? [],
  unet,
  vae,
  finite,
  ...(reason === undefined ? {} : { note: await said(reason) }),
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
