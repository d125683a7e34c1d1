/**
 * What opening a UNet of SDXL's depth costs without a LoRA, with one, two and five on all modules: 64 channels instead of
 * 320, since it is the number of nodes that counts. In processor seconds, drawing and encoding included, and the time of
 * a run. `bun scripts/bench/opening.ts [times]`; needs 0.5 GB of the temporary folder. The first opening
 * with LoRAs writes their joined factors.
 */

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operators } from "#/graph/operators.ts";
import { silentLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import { sdxlShapes } from "../../test/support/sdxl-layout.ts";
import { unetInputs } from "../../test/support/unet-inputs.ts";

const sizes = {
  unet: { width: 64, factors: [1, 2, 4], depths: [0, 2, 10], middle: 10 },
  textL: { width: 64, layers: 2 },
  textG: { width: 128, layers: 2 },
  vae: 32,
};
const rank = 4;

type Shapes = ReadonlyMap<string, readonly number[]>;

const count = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** A safetensors file of small halves. */
function write(path: string, shapes: Shapes): string {
  let offset = 0;
  const entries = [...shapes].map(([key, shape]) => {
    const start = offset;
    offset += 2 * count(shape);
    return [key, { dtype: "F16", shape, data_offsets: [start, offset] }] as const;
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  const block = new Uint8Array(
    Float16Array.from({ length: 2 ** 20 }, () => (Math.random() - 0.5) / 20).buffer,
  );
  const file = openSync(path, "w");
  for (const part of [length, header]) writeSync(file, part);
  for (let left = offset; left > 0; left -= block.length)
    writeSync(file, block, 0, Math.min(left, block.length));
  closeSync(file);
  return path;
}

/** Factors for every matrix and kernel of the UNet, as kohya's scripts name them. */
function loraShapes(checkpoint: Shapes): Shapes {
  const shapes = new Map<string, readonly number[]>();
  for (const [key, [out = 0, input = 0, ...kernel]] of checkpoint) {
    const module = /^model\.diffusion_model\.(.+)\.weight$/.exec(key)?.[1];
    if (module === undefined || input === 0) continue;
    const name = `lora_unet_${module.replaceAll(".", "_")}`;
    shapes.set(`${name}.lora_down.weight`, [rank, input, ...kernel]);
    shapes.set(`${name}.lora_up.weight`, [out, rank, ...kernel.map(() => 1)]);
  }
  return shapes;
}

/** This process' processor time in seconds, all threads. */
function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const random = (...dims: number[]) => ({
  dims,
  data: Float32Array.from({ length: count(dims) }, () => Math.random() - 0.5),
});

const folder = mkdtempSync(join(tmpdir(), "opening-"));
const times = Number(process.argv[2] ?? 3);
try {
  const shapes = sdxlShapes(sizes);
  const base = write(join(folder, "base.safetensors"), shapes);
  const factors = loraShapes(shapes);
  const loras = ["a", "b", "c", "d", "e"].map((name) => ({
    path: write(join(folder, `${name}.safetensors`), factors),
    weight: 0.5,
  }));
  const context = sizes.textL.width + sizes.textG.width;
  const input = [
    random(1, 4, 16, 16),
    500,
    random(1, 77, context),
    random(1, sizes.textG.width + 1536),
  ] as const;
  for (const used of [0, 1, 2, 5]) {
    for (let i = 0; i < times; i += 1) {
      const residency = new Residency(
        { device: "cpu", weights: "in-place", threads: 1 },
        { bytes: 2 ** 40 },
        silentLog,
      );
      const derived = new DerivedFiles({ folder: join(folder, "derived"), budget: 2 ** 40 }, silentLog);
      const workshop = { operators: operators.cpu, residency, derived };
      const start = processor();
      const { unet } = openNetworks({ base, loras: loras.slice(0, used) }, { clipSkip: 2 }, workshop);
      await unet(unetInputs(...input));
      const opened = processor();
      for (let run = 0; run < 5; run += 1) await unet(unetInputs(...input));
      const step = (processor() - opened) / 5;
      const row = { loras: used, openSeconds: opened - start - step, runSeconds: step };
      process.stdout.write(
        `${JSON.stringify(row, (_, v) => (typeof v === "number" ? Number(v.toFixed(3)) : v))}\n`,
      );
      await residency.close();
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
