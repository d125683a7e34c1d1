import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";
import { type DType, dtypeBytes } from "#/weights/dtype.ts";

/**
 * Writes a safetensors file of zeros, which take no room on the disk: names and shapes are what is looked at. The last
 * byte is a one unless it is a scalar's, or the file would be an unfinished download.
 */
export function writeZeros(
  path: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  dtype: DType = "F16",
): string {
  let offset = 0;
  const entries = Object.entries(shapes).map(([key, shape]) => {
    const start = offset;
    offset += shape.reduce((product, n) => product * n, dtypeBytes[dtype]);
    return [key, { dtype, shape, data_offsets: [start, offset] }] as const;
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = new Uint8Array(8 + header.length);
  new DataView(start.buffer).setBigUint64(0, BigInt(header.length), true);
  start.set(header, 8);
  const end = start.length + offset;
  const file = openSync(path, "w");
  try {
    writeSync(file, start);
    ftruncateSync(file, end);
    if (offset > 0 && Object.values(shapes).at(-1)?.length !== 0)
      writeSync(file, Uint8Array.of(0x3c), 0, 1, end - 1);
  } finally {
    closeSync(file);
  }
  return path;
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
