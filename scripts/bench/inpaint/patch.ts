/**
 * What an inpaint patch costs a run of the denoising network: all weights of a synthetic SDXL UNet of a width changed by 8 bits a
 * value with a range for each row, against the same network without; processor seconds of a run, and own memory. `bun
 * scripts/bench/inpaint/patch.ts [width] [latent side]`; 320 is SDXL's width, which needs 8 GB of disk in the system's temporary folder.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import { Session } from "#/runtime/session.ts";
import type { Difference } from "#/weights/differences.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { sdxlBase, sdxlShapes } from "../../../test/support/sdxl-layout.ts";
import { unetInputs } from "../../../test/support/unet-inputs.ts";
import { writeRandom } from "../full-size/checkpoint.ts";

const [width = 128, side = 32] = process.argv.slice(2).map(Number);
const rounds = 3;
const folder = mkdtempSync(join(tmpdir(), "fooocusd-patch-"));
const prefix = "model.diffusion_model.";
const sizes = { ...sdxlBase, unet: { ...sdxlBase.unet, width } };
const shapes = new Map(
  [...sdxlShapes(sizes)].flatMap(([key, shape]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), shape]] : [],
  ),
);

const weights = join(folder, "weights.safetensors");
writeRandom(weights, shapes);
const codes = join(folder, "codes.safetensors");
writeRandom(codes, shapes, "U8");
const ends = join(folder, "ends.safetensors");
writeRandom(
  ends,
  new Map([...shapes].map(([key, [rows = 1, ...rest]]) => [key, [rows, ...rest.map(() => 1)]])),
);

const tensorsOf = (path: string) => openWeights(path).tensors;
const [base, codesOf, endsOf] = [tensorsOf(weights), tensorsOf(codes), tensorsOf(ends)];
const tensors = new Map<string, readonly Difference[]>(
  [...base.keys()].flatMap((key): [string, readonly Difference[]][] => {
    const [values, bound] = [codesOf.get(key), endsOf.get(key)];
    if (values === undefined || bound === undefined) return [];
    return [[key, [{ owner: 0, values, range: { low: bound, high: bound } }]]];
  }),
);

const random = (dims: readonly number[]) => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => Math.random() * 2 - 1),
});
const inputs = unetInputs(random([1, 4, side, side]), 500, random([1, 77, 2048]), random([1, 2816]));
const memory = (): number =>
  Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 2 ** 20;

async function measured(patched: boolean): Promise<number> {
  const source = weightSource("synthetic", base, undefined, patched ? { count: 1, tensors } : undefined);
  const graph = networks.unet.draw(source, operators.cpu);
  const session = await Session.open(graph, { device: "cpu", weights: "in-place", threads: 0 });
  const feeds = patched
    ? { ...inputs, difference_strengths: { dims: [1], data: Float32Array.of(1) } }
    : inputs;
  await session.run(feeds);
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) await session.run(feeds);
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6 / rounds;
  process.stdout.write(
    `${patched ? "patched" : "plain"}: ${seconds.toFixed(2)} s a run, ${memory().toFixed(2)} GB own\n`,
  );
  await session.release();
  return seconds;
}

try {
  const plain = await measured(false);
  const patched = await measured(true);
  process.stdout.write(`ratio ${(patched / plain).toFixed(2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
