import { expect, test } from "bun:test";
import type { Graph } from "#/graph/graph.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import { Session } from "#/runtime/session.ts";
import type { Contribute, NamedTensors } from "#/sampling/guidance/inputs.ts";
import { networkEstimate, type OwnInputs } from "#/sampling/guidance/network-estimate.ts";
import { askedTogether, type Pair, pairedEstimate } from "#/sampling/guidance/paired.ts";
import { samplingFor } from "#/sampling/schedules.ts";
import { concat, type Tensor } from "#/tensor/tensor.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { expandContribOperators } from "../support/contrib-definitions.ts";
import { goldenTensors, relativeError, tinyCheckpoint } from "../support/golden.ts";

/** Both sides of the guidance in one run of a network, against two runs of it. */
const golden = goldenTensors("networks.safetensors");
const checkpoint = sdxlCheckpoint(readSafetensors(await tinyCheckpoint()));
const source = weightSource("tiny", checkpoint.unet);
const sampling = samplingFor("karras", { prediction: "eps", schedule: "scaled-linear" });
const x = golden("unet-odd.sample");
const context = golden("unet-odd.context");
const y = golden("unet-odd.y");

const scaled = ({ dims, data }: Tensor, factor: number): Tensor => ({
  dims,
  data: data.map((n) => n * factor),
});
const other = { context: scaled(context, -0.7), y: scaled(y, 0.5) };

/** A network that counts its runs and the pictures in each. */
async function counted(graph: Graph) {
  const session = await Session.open(graph, { device: "cpu", weights: "in-place", threads: 1 });
  const batches: number[] = [];
  const run = async (inputs: OwnInputs & NamedTensors): Promise<Tensor> => {
    batches.push(inputs.sample.dims[0] ?? 0);
    const { prediction } = await session.run(inputs);
    if (prediction === undefined) throw new Error("nothing was answered");
    return prediction;
  };
  return { run, batches, close: () => session.release() };
}

async function compared(graph: Graph, sides: Readonly<Record<"positive" | "negative", Contribute>>) {
  const { run, batches, close } = await counted(graph);
  const both = pairedEstimate(run, sampling, sides, () => undefined);
  const found = await both(x, 3);
  const asked = batches.splice(0);
  const apart = {
    positive: await networkEstimate(run, sampling, sides.positive)(x, 3),
    negative: await networkEstimate(run, sampling, sides.negative)(x, 3),
  };
  await close();
  const errors = (["positive", "negative"] as const).map((side) => relativeError(found[side], apart[side]));
  return { batches: asked, error: Math.max(...errors) };
}

const told =
  (of: Readonly<{ context: Tensor; y: Tensor }>, more: NamedTensors = {}): Contribute =>
  () => ({ ...of, ...more });
const unet = (features = {}) => networks.unet.draw(source, operators.webgpu, features);

test("a batch of two gives what two runs give", async () => {
  const { batches, error } = await compared(unet(), {
    positive: told({ context, y }),
    negative: told(other),
  });
  expect(batches).toEqual([2]);
  expect(error).toBeLessThan(1e-5);
});

test("a shorter text is told over and over, and says the same", async () => {
  const long = { context: concat([context, other.context], 1), y };
  const { batches, error } = await compared(unet(), { positive: told(long), negative: told(other) });
  expect(batches).toEqual([2]);
  expect(error).toBeLessThan(1e-5);
});

test("what is the same for both sides is told once: FreeU's numbers", async () => {
  const freeu = { freeu: { dims: [4], data: Float32Array.of(1.3, 0.9, 1.4, 0.2) } };
  const sides = { positive: told({ context, y }, freeu), negative: told(other, freeu) };
  const { batches, error } = await compared(unet({ freeU: true }), sides);
  expect(batches).toEqual([2]);
  expect(error).toBeLessThan(1e-5);
});

test("texts that do not go into each other, and inputs that differ, are asked one after the other", async () => {
  const cut = { ...other, context: { dims: [1, 50, 64], data: new Float32Array(50 * 64) } };
  const width = context.dims[2] ?? 0;
  const odd = { dims: [1, 50, width], data: other.context.data.slice(0, 50 * width) };
  const texts = await compared(unet(), {
    positive: told({ context, y }),
    negative: told({ ...cut, context: odd }),
  });
  expect(texts).toMatchObject({ batches: [1, 1], error: 0 });
  const freeu = (b: number) => ({ freeu: { dims: [4], data: Float32Array.of(b, 0.9, 1.4, 0.2) } });
  const sides = { positive: told({ context, y }, freeu(1.1)), negative: told(other, freeu(1.3)) };
  expect(await compared(unet({ freeU: true }), sides)).toMatchObject({ batches: [1, 1], error: 0 });
});

test("in float16 on CUDA's graph a batch of two differs from two runs by no more than its rounding", async () => {
  const graph = expandContribOperators(networks.unet.draw(source, operators.cuda));
  const { batches, error } = await compared(graph, { positive: told({ context, y }), negative: told(other) });
  expect(batches).toEqual([2]);
  expect(error).toBeLessThan(2e-3);
});

test("where the negative side is not asked, the positive one is asked alone", async () => {
  const asked: string[] = [];
  const answer = (name: string) => async () => {
    asked.push(name);
    return x;
  };
  const both: Pair = async () => {
    asked.push("both");
    return { positive: x, negative: x };
  };
  const alone = { positive: answer("positive"), negative: answer("negative") };
  const { positive, negative } = askedTogether(both, alone, (sigma) => sigma > 1);
  await positive(x, 2);
  await negative(x, 2);
  await positive(x, 1);
  await positive(x, 3);
  await negative({ ...x }, 3); // another latent
  expect(asked).toEqual(["both", "positive", "both", "negative"]);
});

test("a stop between two runs is the last of them", async () => {
  const { run, batches, close } = await counted(unet());
  const stop = (): never => {
    throw new Error("stopped");
  };
  const odd = {
    dims: [1, 50, context.dims[2] ?? 0],
    data: context.data.slice(0, 50 * (context.dims[2] ?? 0)),
  };
  const both = pairedEstimate(
    run,
    sampling,
    { positive: told({ context, y }), negative: told({ context: odd, y }) },
    stop,
  );
  await expect(both(x, 3)).rejects.toThrow("stopped");
  expect(batches).toEqual([1]);
  await close();
});
