import { open } from "node:fs/promises";
import { ModelError } from "#/lib/errors.ts";
import { type DType, dtypeBytes, toFloat32 } from "./dtype.ts";
import { readBytes } from "./read-weights.ts";
import type { WeightRef } from "./weight-file.ts";

/** Bytes read at a time; a multiple of every element's size. */
const chunk = 8 * 1024 * 1024;

/**
 * The first tensor with a value that is infinite or not a number. Reads all of them, in pieces: seconds for a checkpoint.
 * A file that cannot be read is nothing this looks for.
 */
export async function firstDamaged(refs: Iterable<WeightRef>): Promise<WeightRef | undefined> {
  for (const ref of refs) if (await isDamaged(ref)) return ref;
  return undefined;
}

async function isDamaged(ref: WeightRef): Promise<boolean> {
  if (!Number.isFinite(ref.scale ?? 1)) return true;
  if (ref.packed !== undefined) return packedIsDamaged(ref);
  const file = await open(ref.path, "r").catch(() => undefined);
  if (file === undefined) return false;
  try {
    const buffer = new Uint8Array(Math.min(chunk, ref.length));
    for (let at = 0; at < ref.length; ) {
      const wanted = Math.min(buffer.length, ref.length - at);
      const { bytesRead } = await file.read(buffer, 0, wanted, ref.offset + at);
      const whole = bytesRead - (bytesRead % dtypeBytes[ref.dtype]);
      if (whole === 0) return false;
      if (!areNumbers(ref.dtype, buffer.subarray(0, whole))) return true;
      at += whole;
    }
    return false;
  } finally {
    await file.close();
  }
}

/** A tensor that has to be unpacked has a size that fits into memory. */
function packedIsDamaged(ref: WeightRef): boolean {
  try {
    return !areNumbers(ref.dtype, readBytes(ref).slice());
  } catch (thrown) {
    if (thrown instanceof ModelError) return false;
    throw thrown;
  }
}

/** In all of these types a value whose exponent is all ones is infinite or not a number; but for E4M3, NaN alone. */
function areNumbers(dtype: DType, bytes: Uint8Array): boolean {
  switch (dtype) {
    case "F16":
      return !hasOnes(new Uint16Array(bytes.buffer, 0, bytes.length / 2), 0x7c00);
    case "BF16":
      return !hasOnes(new Uint16Array(bytes.buffer, 0, bytes.length / 2), 0x7f80);
    case "F32":
      return !hasOnes(new Uint32Array(bytes.buffer, 0, bytes.length / 4), 0x7f800000);
    case "F8_E5M2":
      return !hasOnes(bytes, 0x7c);
    case "F8_E4M3":
      return !hasOnes(bytes, 0x7f);
    case "F64":
    case "I64":
    case "I32":
    case "I16":
    case "I8":
    case "U64":
    case "U32":
    case "U16":
    case "U8":
    case "BOOL":
      return toFloat32(dtype, bytes).every(Number.isFinite);
  }
}

function hasOnes(values: Uint8Array | Uint16Array | Uint32Array, bits: number): boolean {
  for (let i = 0; i < values.length; i += 1) if (((values[i] ?? 0) & bits) === bits) return true;
  return false;
}
