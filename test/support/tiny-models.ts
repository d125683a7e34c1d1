import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { type Shapes, sdxlShapes, sdxlTiny } from "./sdxl-layout.ts";
import { writeZeros } from "./write-safetensors.ts";

const tiny = sdxlShapes(sdxlTiny);
const vaePrefix = "first_stage_model.";

/** Writes a checkpoint of SDXL's layout with next to nothing in it, and more tensors if a test wants some. */
export const writeTinyCheckpoint = (path: string, more: Record<string, readonly number[]> = {}): string =>
  writeShapes(path, new Map([...tiny, ...Object.entries(more)]));

/** Writes a LoRA on every module of the tiny checkpoint's UNet, and more tensors if a test wants some. */
export const writeTinyLora = (path: string, more: Record<string, readonly number[]> = {}): string =>
  writeShapes(path, new Map([...loraShapes(tiny, 2), ...Object.entries(more)]));

/** Writes the tiny checkpoint's VAE as a file of its own. */
export function writeTinyVae(path: string): string {
  const own = [...tiny].filter(([key]) => key.startsWith(vaePrefix));
  return writeShapes(path, new Map(own.map(([key, shape]) => [key.slice(vaePrefix.length), shape])));
}

/** Writes a file of zeros but for its last bytes: one that ends with zeros looks like a download that broke off. */
export function writeShapes(path: string, shapes: Shapes): string {
  const file = openSync(writeZeros(path, Object.fromEntries(shapes)), "r+");
  const tail = new Uint8Array(512).fill(0x2c);
  writeSync(file, tail, 0, tail.length, fstatSync(file).size - tail.length);
  closeSync(file);
  return path;
}

/** Factors and alphas, under kohya's names, for every matrix and kernel of a UNet. */
export function loraShapes(checkpoint: Shapes, rank: number): Shapes {
  const shapes: Shapes = new Map();
  const prefix = "model.diffusion_model.";
  for (const [key, [out = 0, input = 0, ...kernel]] of checkpoint) {
    if (!key.startsWith(prefix) || !key.endsWith(".weight") || input === 0) continue;
    const module = key.slice(prefix.length, -".weight".length).replaceAll(".", "_");
    shapes.set(`lora_unet_${module}.lora_down.weight`, [rank, input, ...kernel]);
    shapes.set(`lora_unet_${module}.lora_up.weight`, [out, rank, ...kernel.map(() => 1)]);
    shapes.set(`lora_unet_${module}.alpha`, []);
  }
  return shapes;
}
