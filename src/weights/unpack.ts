import { crc32, inflateRawSync } from "node:zlib";
import { invalidFile, type ModelFile, quoted, readAt } from "./model-file.ts";
import type { Packed, StoredBytes, View } from "./weight-file.ts";

/**
 * Bytes of a storage, inflated where they are deflated: never more than was said, so that a bomb cannot grow.
 *
 * @param name for messages; with `crc`, stored bytes are held to a checksum as well
 * @throws ModelError `header-invalid` if they are fewer or more, or not those of the checksum
 */
export function unpackedBytes(
  file: ModelFile,
  { offset, length, deflated }: StoredBytes,
  { name, crc = 0 }: Readonly<{ name: string; crc?: number }>,
): Uint8Array {
  const bad = (what: string): Error => invalidFile(file.path, `its data of ${quoted(name)} ${what}`);
  const stored = readAt(file, offset, length);
  if (stored.length < length) throw bad("ends early");
  const bytes = deflated === undefined ? stored : inflated(stored, deflated.length);
  if (bytes?.length !== (deflated?.length ?? length))
    throw bad("does not unpack to what it should: a damaged file");
  const sum = deflated?.crc ?? crc;
  if (sum !== 0 && crc32(bytes) !== sum) throw bad("does not have its checksum: a damaged file");
  return bytes;
}

function inflated(bytes: Uint8Array, length: number): Uint8Array | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, length) });
  } catch {
    return undefined;
  }
}

/**
 * A packed tensor's elements one after the other, in row-major order.
 *
 * @throws ModelError as {@link unpackedBytes}
 */
export function unpackedTensor(
  file: ModelFile,
  { storage, view, element }: Packed,
  name: string,
): Uint8Array {
  const from = unpackedBytes(file, storage, { name });
  const count = view.shape.reduce((product, n) => product * n, 1);
  const to = new Uint8Array(count * element);
  const run = runLength(view);
  const outer = view.shape.slice(0, run.axis);
  const index = outer.map(() => 0);
  let at = view.start;
  for (let i = 0; i < count; i += run.length) {
    to.set(from.subarray(at * element, (at + run.length) * element), i * element);
    for (let axis = outer.length - 1; axis >= 0; axis -= 1) {
      const stride = view.strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      at += stride;
      index[axis] = next;
      if (next < (outer[axis] ?? 1)) break;
      at -= next * stride;
      index[axis] = 0;
    }
  }
  return to;
}

/** Elements that lie one after the other: those of the axes from `axis` on. */
function runLength({ shape, strides }: View): Readonly<{ axis: number; length: number }> {
  let length = 1;
  let axis = shape.length;
  while (axis > 0 && strides[axis - 1] === length) {
    axis -= 1;
    length *= shape[axis] ?? 1;
  }
  return { axis, length };
}
