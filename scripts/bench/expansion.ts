/**
 * What prompt expansion takes: GPT-2 small with random weights in float16 (250 MB), told 10 tokens and asked for 60 more one
 * after the other, with its weights mapped and cast at every token, and copied once, as the engine has it. In turns, on one
 * thread, in processor time. `bun scripts/bench/expansion.ts`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import { type IntTensor, Session } from "#/runtime/session.ts";
import { gpt2Tensors } from "#/weights/layouts/gpt2.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { gpt2Shapes, gpt2Small } from "../../test/support/gpt2-layout.ts";
import { memory, writeRandom } from "./full-size/checkpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-expansion-"));
const path = join(folder, "model.safetensors");
writeRandom(path, gpt2Shapes(gpt2Small));
const tensors = gpt2Tensors(openWeights(path));
const candidates = Array.from({ length: 2000 }, (_, i) => 20 * i);

const processor = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const whole = (dims: readonly number[], numbers: readonly number[]): IntTensor => ({
  dims,
  data: BigInt64Array.from(numbers, BigInt),
});

/** Seconds of processor time to open it and to write the tokens, and gigabytes of its own while it is open. */
async function written(weights: "in-place" | "packed"): Promise<Record<string, number>> {
  const [began, before] = [processor(), memory().anonymous];
  const graph = networks.gpt2.draw(weightSource(path, tensors), operators.cpu);
  const session = await Session.open(graph, { device: "cpu", weights, threads: 1 });
  const opened = processor();
  let past = { dims: [2 * gpt2Small.layers, 0, gpt2Small.width], data: new Float32Array() };
  let told = Array.from({ length: 10 }, (_, i) => 100 * i);
  for (let token = 0; token < 60; token += 1) {
    const known = past.dims[1] ?? 0;
    const { length } = told;
    const seen = new Float32Array(length * (known + length));
    const positions = told.map((_, at) => known + at);
    const answer = await session.run({
      ids: whole([1, length], told),
      positions: whole([1, length], positions),
      mask: { dims: [1, 1, length, known + length], data: seen },
      past,
      candidates: whole([candidates.length], candidates),
    });
    const { present } = answer;
    if (present === undefined) throw new Error("the network remembers nothing");
    past = { dims: [...present.dims], data: new Float32Array(present.data) };
    told = [token];
  }
  const row = { open: opened - began, write: processor() - opened, gigabytes: memory().anonymous - before };
  await session.release();
  return row;
}

try {
  for (let round = 0; round < 3; round += 1)
    for (const weights of ["in-place", "packed"] as const)
      console.log(JSON.stringify({ weights, ...(await written(weights)) }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
