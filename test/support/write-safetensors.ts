import { writeFileSync } from "node:fs";
import { type DType, dtypeBytes } from "#/weights/dtype.ts";

/** Writes a safetensors file of zeros: names and shapes are what is looked at. */
export function writeZeros(
  path: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  dtype: DType = "F16",
): string {
  const tensors = Object.entries(shapes).map(([key, shape]): [string, StoredTensor] => {
    const bytes = shape.reduce((product, n) => product * n, dtypeBytes[dtype]);
    return [key, { dtype, shape, bytes: new Uint8Array(bytes) }];
  });
  return writeTensors(path, Object.fromEntries(tensors));
}

/** A tensor as it lies in a file. */
export type StoredTensor = Readonly<{ dtype: DType; shape: readonly number[]; bytes: Uint8Array }>;

/** Writes a safetensors file. */
export function writeTensors(path: string, tensors: Readonly<Record<string, StoredTensor>>): string {
  let offset = 0;
  const entries = Object.entries(tensors).map(([key, { dtype, shape, bytes }]) => {
    const start = offset;
    offset += bytes.length;
    return [key, { dtype, shape, data_offsets: [start, offset] }] as const;
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const file = new Uint8Array(8 + header.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  let at = 8 + header.length;
  for (const { bytes } of Object.values(tensors)) {
    file.set(bytes, at);
    at += bytes.length;
  }
  writeFileSync(path, file);
  return path;
}

/** Numbers as a tensor of a type. */
export function stored(
  dtype: "F32" | "F16" | "BF16",
  shape: readonly number[],
  values: ArrayLike<number>,
): StoredTensor {
  const single = Float32Array.from(values);
  const data =
    dtype === "F32"
      ? single
      : dtype === "F16"
        ? new Float16Array(single)
        : Uint16Array.from(new Uint32Array(single.buffer), (bits) => bits >>> 16);
  return { dtype, shape, bytes: new Uint8Array(data.buffer) };
}
