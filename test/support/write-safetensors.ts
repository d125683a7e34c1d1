import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
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
