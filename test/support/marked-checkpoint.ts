import { readFileSync, writeFileSync } from "node:fs";

/** A safetensors file with scalars behind its tensors, as programs mark what a checkpoint predicts. */
export function writeMarked(source: string, target: string, marks: Readonly<Record<string, number>>): string {
  const file = readFileSync(source);
  const dataStart = 8 + Number(file.readBigUInt64LE(0));
  const data = file.subarray(dataStart);
  const header: unknown = JSON.parse(file.toString("utf8", 8, dataStart));
  const added = Object.keys(marks).map((name, at) => {
    const start = data.length + 4 * at;
    return [name, { dtype: "F32", shape: [1], data_offsets: [start, start + 4] }] as const;
  });
  const text = Buffer.from(JSON.stringify({ ...Object(header), ...Object.fromEntries(added) }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const values = Float32Array.from(Object.values(marks));
  writeFileSync(target, Buffer.concat([length, text, data, Buffer.from(values.buffer)]));
  return target;
}
