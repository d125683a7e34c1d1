import { readFileSync } from "node:fs";
import { readSafetensors } from "#/weights/safetensors.ts";

/**
 * Bytes of a safetensors file in which some tensors have twice their values.
 *
 * @param names which, all of them of F16
 */
export function withDoubled(path: string, names: RegExp): Uint8Array {
  const bytes = new Uint8Array(readFileSync(path));
  for (const [key, ref] of readSafetensors(path).tensors) {
    if (!names.test(key)) continue;
    if (ref.dtype !== "F16") throw new Error(`${path}: ${key} is ${ref.dtype}`);
    const values = new Float16Array(bytes.buffer, ref.offset, ref.length / 2);
    for (const [n, value] of values.entries()) values[n] = 2 * value;
  }
  return bytes;
}
