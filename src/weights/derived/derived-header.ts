import { type DType, dtypeBytes } from "../dtype.ts";

/** Data begins at a multiple of this, the size of a page. */
const page = 4096;

/** A tensor that will be written. */
export type PlannedTensor = Readonly<{ name: string; dtype: DType; shape: readonly number[] }>;

/** The bytes of a tensor. */
export const plannedBytes = ({ dtype, shape }: Omit<PlannedTensor, "name">): number =>
  shape.reduce((product, n) => product * n, dtypeBytes[dtype]);

/** The beginning of a safetensors file with these tensors one after the other, padded to a page. */
export function derivedHeader(tensors: readonly PlannedTensor[]): Uint8Array {
  let end = 0;
  const entries = tensors.map((tensor) => {
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

/** The bytes of a file that has these tensors. */
export const derivedSize = (tensors: readonly PlannedTensor[]): number =>
  derivedHeader(tensors).length + tensors.reduce((sum, tensor) => sum + plannedBytes(tensor), 0);
