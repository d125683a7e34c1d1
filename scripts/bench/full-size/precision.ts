/**
 * `bun scripts/bench/full-size/precision.ts [--checkpoint FILE] [--side 512] [--runs 3] [--only full|fast]`: a UNet run and both texts'
 * towers of a full-size SDXL checkpoint in full precision and with layers in 8 bits, in turns, in processor seconds of one
 * thread; how long the weights in 8 bits take to be written, and how large they are. With `--only` the memory that one of them
 * takes, which both would share. Without a checkpoint one of random numbers is written (6.9 GB).
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import {
  type EightBits,
  textGEightBits,
  textLEightBits,
  toCode,
  unetEightBits,
} from "#/networks/eight-bits.ts";
import { networks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import { type IntTensor, Session } from "#/runtime/session.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { codedWeights } from "#/weights/derived/coded-weights.ts";
import type { CodedWeights } from "#/weights/eight-bits.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { writeCheckpoint } from "./checkpoint.ts";

const { values } = parseArgs({
  options: {
    checkpoint: { type: "string" },
    side: { type: "string", default: "512" },
    runs: { type: "string", default: "3" },
    only: { type: "string" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "fooocusd-precision-"));
const file = values.checkpoint ?? join(folder, "base.safetensors");
if (!existsSync(file)) writeCheckpoint(file);
const checkpoint = sdxlCheckpoint(openWeights(file));

const noise = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from(
    { length: dims.reduce((product, n) => product * n, 1) },
    () => Math.random() + Math.random() + Math.random() - 1.5,
  ),
});
const ids: IntTensor = { dims: [1, 77], data: BigInt64Array.from({ length: 77 }, (_, at) => BigInt(at + 1)) };
const latent = Number(values.side) / 8;

type Inputs = Readonly<Record<string, Tensor | IntTensor>>;
const tried: readonly (readonly [Network, WeightMap, EightBits, Inputs])[] = [
  [networks["text-l"], checkpoint.textL, textLEightBits, { ids }],
  [
    networks["text-g"],
    checkpoint.textG,
    textGEightBits,
    { ids, end: { dims: [1], data: BigInt64Array.of(20n) } },
  ],
  [
    networks.unet,
    checkpoint.unet,
    unetEightBits,
    {
      sample: noise([1, 4, latent, latent]),
      timestep: { dims: [1], data: Float32Array.of(500) },
      context: noise([1, 77, 2048]),
      y: noise([1, 2816]),
    },
  ],
];
try {
  for (const [network, tensors, kinds, inputs] of tried) await compare(network, tensors, kinds, inputs);
} finally {
  rmSync(folder, { recursive: true });
}

async function compare(
  network: Network,
  tensors: WeightMap,
  kinds: EightBits,
  inputs: Inputs,
): Promise<void> {
  const derived = codedWeights(toCode(kinds, tensors), checkpoint);
  const path = join(folder, `${network.name}.safetensors`);
  const began = process.cpuUsage();
  const started = performance.now();
  await derived.write(path);
  console.log(
    `${network.name}: ${(derived.size / 1e6).toFixed(0)} MB written in ${seconds(began)} processor seconds, ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  const coded: CodedWeights = derived.read(path) ?? new Map();
  const before = own();
  const sessions: [string, Session, number[]][] = [];
  for (const [name, weights] of [["full", new Map()] as const, ["fast", coded] as const]) {
    if (values.only !== undefined && values.only !== name) continue;
    const source = { ...weightSource(network.name, tensors), coded: weights };
    const graph = network.draw(source, operators.cpu, { clipSkip: 2 });
    const opening = process.cpuUsage();
    const session = await Session.open(graph, { device: "cpu", weights: "in-place", threads: 1 });
    console.log(
      `${network.name} ${name}: opened in ${seconds(opening)} processor seconds, ${graph.nodes.length} nodes`,
    );
    sessions.push([name, session, []]);
  }
  for (let run = 0; run < Number(values.runs); run += 1)
    for (const [, session, times] of sessions) {
      const from = process.cpuUsage();
      await session.run(inputs);
      times.push(Number(seconds(from)));
    }
  for (const [name, session, times] of sessions) {
    console.log(`${network.name} ${name}: ${times.join(" ")} processor seconds`);
    if (values.only !== undefined) console.log(`own memory: ${(own() - before).toFixed(2)} GiB`);
    await session.release();
  }
}

function seconds(from: NodeJS.CpuUsage): string {
  const { user, system } = process.cpuUsage(from);
  return ((user + system) / 1e6).toFixed(2);
}

/** GiB of memory that is no file's. */
function own(): number {
  const kilobytes = /RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kilobytes) / 2 ** 20;
}
