import { type FileHandle, open } from "node:fs/promises";
import { ModelError } from "#/lib/errors.ts";
import { type DType, dtypeBytes } from "../dtype.ts";
import { readSafetensors } from "../safetensors.ts";
import type { WeightRef } from "../weight-file.ts";
import { sealBytes } from "./seal.ts";

/** Data begins at a multiple of this, the size of a page. */
const page = 4096;

/** The last tensor of every derived file, of which no other has the name: see `seal.ts`. */
const seal = { name: "seal", dtype: "U8", shape: [sealBytes] } as const satisfies PlannedTensor;

/** A tensor that will be written. */
export type PlannedTensor = Readonly<{ name: string; dtype: DType; shape: readonly number[] }>;

/** The bytes of a tensor. */
export const plannedBytes = ({ dtype, shape }: Omit<PlannedTensor, "name">): number =>
  shape.reduce((product, n) => product * n, dtypeBytes[dtype]);

/** The beginning of a safetensors file with these tensors one after the other and its seal behind them, padded to a page. */
export function derivedHeader(tensors: readonly PlannedTensor[]): Uint8Array {
  let end = 0;
  const entries = [...tensors, seal].map((tensor) => {
    const start = end;
    end += plannedBytes(tensor);
    const { name, dtype, shape } = tensor;
    return [name, { dtype, shape, data_offsets: [start, end] }] as const;
  });
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const header = new Uint8Array(Math.ceil((8 + text.length) / page) * page).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
}

/** The bytes of a file that has these tensors, and its seal. */
export const derivedSize = (tensors: readonly PlannedTensor[]): number =>
  derivedHeader(tensors).length + [...tensors, seal].reduce((sum, tensor) => sum + plannedBytes(tensor), 0);

/**
 * Where the tensors of a derived file lie, by their names. Its seal is not looked at.
 *
 * @returns undefined if it is not there, or has not exactly these
 */
export function readDerived(
  planned: readonly PlannedTensor[],
  path: string,
): ReadonlyMap<string, WeightRef> | undefined {
  try {
    const { tensors } = readSafetensors(path);
    const whole = [...planned, seal].every(({ name, dtype, shape }) => {
      const found = tensors.get(name);
      return found?.dtype === dtype && found.shape.join() === shape.join();
    });
    return whole && tensors.size === planned.length + 1 ? tensors : undefined;
  } catch (thrown) {
    if (thrown instanceof ModelError) return undefined;
    throw thrown;
  }
}

/**
 * Writes a derived file: its header, then what `write` writes behind it, then room for its seal. All of it is on the disk before this
 * returns.
 *
 * @param path a file that is not there yet
 */
export async function writeDerived(
  planned: readonly PlannedTensor[],
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(derivedHeader(planned));
    await write(file);
    await file.truncate(derivedSize(planned));
    await file.sync(); // before it gets its name: a crash must leave no file of holes behind
  } finally {
    await file.close();
  }
}
