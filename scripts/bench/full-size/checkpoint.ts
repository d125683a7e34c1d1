import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { dtypeBytes } from "#/weights/dtype.ts";
import { type Shapes, sdxlBase, sdxlShapes } from "../../../test/support/sdxl-layout.ts";

/** Writes an SDXL-base checkpoint of full size (fp16, 6.9 GB): see {@link writeRandom}. */
export const writeCheckpoint = (path: string): void => writeRandom(path, sdxlShapes(sdxlBase));

/** Writes SDXL's VAE alone, in a file of its own (fp16, 167 MB). */
export function writeVae(path: string): void {
  const prefix = "first_stage_model.";
  const shapes = [...sdxlShapes(sdxlBase)].filter(([key]) => key.startsWith(prefix));
  writeRandom(path, new Map(shapes.map(([key, shape]) => [key.slice(prefix.length), shape])));
}

/** Writes a LoRA in kohya's names on every module of SDXL base's UNet, matrices and kernels alike (fp16, no alpha). */
function writeLora(path: string, rank: number): void {
  const shapes: Shapes = new Map();
  const prefix = "model.diffusion_model.";
  for (const [key, [out = 0, ...input]] of sdxlShapes(sdxlBase)) {
    if (!key.startsWith(prefix) || !key.endsWith(".weight") || input.length === 0) continue;
    const module = `lora_unet_${key.slice(prefix.length, -".weight".length).replaceAll(".", "_")}`;
    shapes.set(`${module}.lora_down.weight`, [rank, ...input]);
    shapes.set(`${module}.lora_up.weight`, [out, rank, ...input.slice(1).map(() => 1)]);
  }
  writeRandom(path, shapes);
}

/** Shapes of the tensors of one module's weight [out, in, ...] in families that change it, by the ends of their keys. */
const families: Readonly<Record<string, (out: number, n: number, rank: number) => Record<string, number[]>>> =
  {
    loha: (out, n, rank) => ({
      hada_w1_a: [out, rank],
      hada_w1_b: [rank, n],
      hada_w2_a: [out, rank],
      hada_w2_b: [rank, n],
    }),
    lokr: (out, n, rank) => ({ lokr_w1: [4, 4], lokr_w2_a: [out / 4, rank], lokr_w2_b: [rank, n / 4] }),
    dora: (out, n, rank) => ({
      "lora_up.weight": [out, rank],
      "lora_down.weight": [rank, n],
      dora_scale: [out, 1],
    }),
    glora: (out, n, rank) => ({
      "a1.weight": [n, rank],
      "a2.weight": [rank, n],
      "b1.weight": [out, rank],
      "b2.weight": [rank, n],
    }),
    oft: (out) => ({ oft_blocks: [out / 4, 4, 4] }),
    full: (out, n) => ({ diff: [out, n] }),
  };

/** The names of {@link families}. */
export const familyNames = Object.keys(families);

/** Writes a file of another family on every matrix of SDXL base's UNet (fp16, no alpha). */
export function writeFamily(path: string, family: string, rank: number): void {
  const shapes: Shapes = new Map();
  const prefix = "model.diffusion_model.";
  for (const [key, [out = 0, input = 0, ...kernel]] of sdxlShapes(sdxlBase)) {
    if (!key.startsWith(prefix) || !key.endsWith(".weight") || input === 0 || kernel.length > 0) continue;
    const module = `lora_unet_${key.slice(prefix.length, -".weight".length).replaceAll(".", "_")}`;
    const parts = families[family]?.(out, input, rank) ?? {};
    for (const [end, shape] of Object.entries(parts)) shapes.set(`${module}.${end}`, shape);
  }
  writeRandom(path, shapes);
}

/** The files of the LoRA benchmarks in a folder: the checkpoint and five rank-32 LoRAs, written if they are not there. */
export function syntheticFiles(folder: string): Readonly<{ checkpoint: string; loras: readonly string[] }> {
  const checkpoint = join(folder, "synthetic-sdxl-base.safetensors");
  if (!existsSync(checkpoint)) writeCheckpoint(checkpoint);
  return { checkpoint, loras: syntheticLoras(folder, 5) };
}

/** So many rank-32 LoRAs in a folder, written if they are not there. */
export function syntheticLoras(folder: string, count: number): readonly string[] {
  const loras = Array.from({ length: count }, (_, i) => join(folder, `synthetic-lora-${i}.safetensors`));
  for (const path of loras) if (!existsSync(path)) writeLora(path, 32);
  return loras;
}

/**
 * Writes a safetensors file of random halves, or of their bytes, small enough that no activation overflows; one block repeated, since only their
 * number matters.
 */
export function writeRandom(path: string, shapes: Shapes, dtype: "F16" | "U8" = "F16"): void {
  const entries: Record<string, unknown> = {};
  let offset = 0;
  for (const [key, shape] of shapes) {
    const length = shape.reduce((product, n) => product * n, dtypeBytes[dtype]);
    entries[key] = { dtype, shape, data_offsets: [offset, offset + length] };
    offset += length;
  }
  const header = new TextEncoder().encode(JSON.stringify(entries));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  const block = new Uint8Array(
    Float16Array.from({ length: 2 ** 23 }, () => (Math.random() - 0.5) * 0.04).buffer,
  );
  const file = openSync(path, "w");
  writeSync(file, length);
  writeSync(file, header);
  for (let left = offset; left > 0; left -= block.length)
    writeSync(file, block, 0, Math.min(left, block.length));
  closeSync(file);
}

/** Gigabytes of a process' memory: all of it, what is its own rather than mapped files, the most it had, what is swapped. */
export function memory(
  pid: number | "self" = "self",
): Readonly<Record<"resident" | "anonymous" | "peak" | "swapped", number>> {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 2 ** 20;
  return {
    resident: field("VmRSS"),
    anonymous: field("RssAnon"),
    peak: field("VmHWM"),
    swapped: field("VmSwap"),
  };
}
