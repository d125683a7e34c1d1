/**
 * `bun scripts/bench/full-size/profile.ts --checkpoint FILE --codes FILE [--precision fast|full] [--network unet|text-g|text-l]
 * [--side 512] [--runs 5] [--nodes 0]`: where the time of a network's run goes, by kind of operator and by the size of what it
 * works on, by ONNX Runtime's own profiler, one thread. Of each node the fastest of the runs counts, as others may be at work. The
 * weights in 8 bits are kept at `--codes`, and written if they are not there.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { encode } from "#/graph/encode.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { textGEightBits, textLEightBits, toCode, unetEightBits } from "#/networks/eight-bits.ts";
import { networks } from "#/networks/index.ts";
import { commonFolder } from "#/runtime/session.ts";
import { codedWeights } from "#/weights/derived/coded-weights.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";

const { values } = parseArgs({
  options: {
    checkpoint: { type: "string" },
    codes: { type: "string" },
    precision: { type: "string", default: "fast" },
    network: { type: "string", default: "unet" },
    side: { type: "string", default: "512" },
    runs: { type: "string", default: "5" },
    nodes: { type: "string", default: "0" },
  },
});
const { checkpoint: file, codes: path } = values;
if (file === undefined || path === undefined) throw new Error("--checkpoint and --codes must be given.");
const checkpoint = sdxlCheckpoint(openWeights(file));
const parts = {
  unet: { tensors: checkpoint.unet, kinds: unetEightBits },
  "text-g": { tensors: checkpoint.textG, kinds: textGEightBits },
  "text-l": { tensors: checkpoint.textL, kinds: textLEightBits },
} as const;
const isPart = (name: string): name is keyof typeof parts => name in parts;
const name = values.network;
if (!isPart(name)) throw new Error(`--network is one of ${Object.keys(parts).join(", ")}.`);
const { tensors, kinds } = parts[name];

const derived = codedWeights(toCode(kinds, tensors), checkpoint);
if (!existsSync(path)) await derived.write(path);
const coded = values.precision === "fast" ? (derived.read(path) ?? new Map()) : new Map();
const source = { ...weightSource(name, tensors), coded };
const graph = networks[name].draw(source, operators.cpu, { clipSkip: 2, textKeys: true });

const folder = commonFolder([...graph.weights.values()].map(({ ref }) => ref.path));
const traces = mkdtempSync(join(tmpdir(), "fooocusd-profile-"));
try {
  const session = await InferenceSession.create(encode(graph, { folder, inPlace: true }), {
    executionProviders: ["cpu"],
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    graphOptimizationLevel: "disabled",
    enableMemPattern: false,
    enableProfiling: true,
    profileFilePrefix: join(traces, "trace"),
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  });
  const latent = Number(values.side) / 8;
  const lengths: Readonly<Record<string, number>> = { N: 1, T: 77, h: latent, w: latent };
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name: input, type, dims }) => {
      const shape = dims.map((dim) => (typeof dim === "number" ? dim : (lengths[dim] ?? 1)));
      const count = shape.reduce((product, n) => product * n, 1);
      const tensor =
        type === "int64"
          ? new Tensor(
              "int64",
              BigInt64Array.from({ length: count }, (_, at) => BigInt((at + 1) % 77)),
              shape,
            )
          : new Tensor(
              "float32",
              Float32Array.from({ length: count }, () => Math.random() + Math.random() - 1),
              shape,
            );
      return [input, tensor];
    }),
  );
  for (let run = 0; run < Number(values.runs); run += 1) await session.run(feeds);
  session.endProfiling();
  await session.release();
  const [trace = ""] = readdirSync(traces);
  report(JSON.parse(readFileSync(join(traces, trace), "utf8")) as Event[]);
} finally {
  rmSync(traces, { recursive: true });
}

type Shapes = readonly Readonly<Record<string, readonly number[]>>[];
type Event = Readonly<{
  cat: string;
  name: string;
  dur: number;
  args?: Readonly<{ op_name?: string; output_type_shape?: Shapes; input_type_shape?: Shapes }>;
}>;

function report(events: readonly Event[]): void {
  const fastest = new Map<string, Event>();
  for (const event of events) {
    if (event.cat !== "Node" || !event.name.endsWith("_kernel_time")) continue;
    if (event.dur < (fastest.get(event.name)?.dur ?? Number.POSITIVE_INFINITY))
      fastest.set(event.name, event);
  }
  const nodes = [...fastest.values()];
  const all = nodes.reduce((sum, { dur }) => sum + dur, 0);
  console.log(`${nodes.length} nodes, ${(all / 1e6).toFixed(3)} s`);
  const told = (title: string, keyOf: (event: Event) => string): void => {
    const sums = new Map<string, { time: number; count: number }>();
    for (const event of nodes) {
      const key = keyOf(event);
      const { time, count } = sums.get(key) ?? { time: 0, count: 0 };
      sums.set(key, { time: time + event.dur, count: count + 1 });
    }
    console.log(`\n${title}`);
    for (const [key, { time, count }] of [...sums].toSorted(([, a], [, b]) => b.time - a.time).slice(0, 60))
      console.log(
        `${(time / 1e3).toFixed(1).padStart(9)} ms ${((100 * time) / all).toFixed(1).padStart(5)} % ${String(count).padStart(5)}  ${key}`,
      );
  };
  const shapes = (list: Shapes | undefined): string =>
    (list ?? [])
      .map((one) => Object.entries(one).map(([type, dims]) => `${type}[${dims.join("x")}]`))
      .join(" ");
  told("by operator", ({ args }) => args?.op_name ?? "");
  told(
    "by operator and shapes",
    ({ args }) => `${args?.op_name} ${shapes(args?.input_type_shape)} -> ${shapes(args?.output_type_shape)}`,
  );
  for (const { name: node, dur, args } of nodes
    .toSorted((a, b) => b.dur - a.dur)
    .slice(0, Number(values.nodes)))
    console.log(`${(dur / 1e3).toFixed(2).padStart(9)} ms  ${node} ${shapes(args?.output_type_shape)}`);
}
