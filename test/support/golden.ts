import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor } from "#/tensor/tensor.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

const folder = join(import.meta.dir, "../golden");

/** Path of a committed fixture. */
export const goldenPath = (name: string): string => join(folder, name);

/** Path of the tiny SDXL checkpoint (`scripts/golden/tiny.py`). */
export const tinyCheckpoint = (): Promise<string> => unpacked("tiny-sdxl.safetensors.zst");

/** Path of the tiny SDXL refiner. */
export const tinyRefiner = (): Promise<string> => unpacked("tiny-refiner.safetensors.zst");

/** Path of the tiny Stable Diffusion 1.x, and of what lies between its latents and SDXL's. */
export const tinySd1 = (): Promise<string> => unpacked("tiny-sd1.safetensors.zst");
export const tinyInterposer = (): Promise<string> => unpacked("tiny-interposer.safetensors.zst");

/** Path of the tiny captioner (`scripts/golden/captions.py`). */
export const tinyBlip = (): Promise<string> => unpacked("tiny-blip.pth.zst");

/** Path of the tiny safety checker (`scripts/golden/safety.py`). */
export const tinySafety = (): Promise<string> => unpacked("tiny-safety.bin.zst");

/** Path of a packed fixture, unpacked once into the system's temporary folder under a name that changes with its content. */
async function unpacked(name: string): Promise<string> {
  const packed = await Bun.file(goldenPath(name)).bytes();
  const target = join(tmpdir(), "fooocusd-golden", `${Bun.hash(packed).toString(16)}.safetensors`);
  if (existsSync(target)) return target;
  mkdirSync(join(tmpdir(), "fooocusd-golden"), { recursive: true });
  const half = `${target}.${process.pid}`;
  writeFileSync(half, Bun.zstdDecompressSync(packed));
  renameSync(half, target);
  return target;
}

const keys = new WeakMap<Tensor, string>();

/** The name that a tensor of {@link goldenTensors} has in its file. */
export const goldenKey = (tensor: Tensor): string | undefined => keys.get(tensor);

/** The tensors of a fixture, integers as their values. */
export function goldenTensors(name: string): (key: string) => Tensor {
  const { tensors, path } = readSafetensors(goldenPath(name));
  return (key) => {
    const ref: WeightRef | undefined = tensors.get(key);
    if (ref === undefined) throw new Error(`${path} has no tensor ${key}`);
    const tensor = { dims: ref.shape, data: readWeight(ref) };
    keys.set(tensor, key);
    return tensor;
  };
}

/** Largest difference between two tensors of one shape, relative to the largest value of the expected one; NaN where one is not there. */
export function relativeError(found: Tensor, expected: Tensor): number {
  if (found.dims.join() !== expected.dims.join())
    throw new Error(`shape [${found.dims.join()}] instead of [${expected.dims.join()}]`);
  let difference = 0;
  let largest = 0;
  for (const [i, value] of expected.data.entries()) {
    const distance = Math.abs(value - (found.data[i] ?? Number.NaN));
    if (Number.isNaN(distance)) return Number.NaN;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(value));
  }
  return difference / largest;
}
