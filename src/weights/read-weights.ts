import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { toFloat32 } from "./dtype.ts";
import { reasonOf, type WeightRef } from "./safetensors.ts";

/** Bytes between two tensors that are read and thrown away, rather than ask the system once more. */
const gap = 16 * 1024;

/** Most bytes of one read, but for a tensor that is larger. */
const most = 4 * 1024 * 1024;

type Stretch = { readonly refs: WeightRef[]; readonly start: number; end: number };

/**
 * Values of many small tensors as float32: each file is opened once, and what lies side by side is read at once.
 * Scales are not applied.
 *
 * @throws ModelError `file-unreadable`, or `header-invalid` if a file has become shorter than its header said
 */
export function readWeights(refs: readonly WeightRef[]): ReadonlyMap<WeightRef, Float32Array> {
  const values = new Map<WeightRef, Float32Array>();
  for (const [path, own] of Map.groupBy(refs, (ref) => ref.path)) {
    const file = open(path);
    try {
      for (const stretch of stretches(own)) {
        const bytes = read(file, stretch);
        for (const ref of stretch.refs) {
          const at = ref.offset - stretch.start;
          values.set(ref, toFloat32(ref.dtype, bytes.subarray(at, at + ref.length)));
        }
      }
    } finally {
      closeSync(file);
    }
  }
  return values;
}

/** Tensors by what lies close together, in the order of the file. */
function stretches(refs: readonly WeightRef[]): readonly Stretch[] {
  const found: Stretch[] = [];
  for (const ref of refs.toSorted((a, b) => a.offset - b.offset)) {
    const end = ref.offset + ref.length;
    const last = found.at(-1);
    if (last !== undefined && ref.offset <= last.end + gap && end - last.start <= most) {
      last.refs.push(ref);
      last.end = Math.max(last.end, end);
    } else found.push({ refs: [ref], start: ref.offset, end });
  }
  return found;
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new ModelError(
      "file-unreadable",
      `${basename(path)} cannot be opened (${reasonOf(cause)}).`,
      { path },
      cause,
    );
  }
}

function read(file: number, { refs, start, end }: Stretch): Uint8Array {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(file, bytes, done, bytes.length - done, start + done);
    if (got === 0) {
      const ref = refs.find(({ offset, length }) => offset + length > start + done) ?? refs[0];
      const { path = "", key = "" } = ref ?? {};
      const message = `${basename(path)}: the data of ${key} ends early; the file was replaced or cut short meanwhile.`;
      throw new ModelError("header-invalid", message, { path, key });
    }
    done += got;
  }
  return bytes;
}
