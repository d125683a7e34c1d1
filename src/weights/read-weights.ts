import { toFloat32 } from "./dtype.ts";
import { invalidFile, type ModelFile, readAt, withModelFile } from "./model-file.ts";
import { shownName } from "./shown-name.ts";
import { unpackedTensor } from "./unpack.ts";
import type { WeightRef } from "./weight-file.ts";

/** Bytes between two tensors that are read and thrown away, rather than ask the system once more. */
const gap = 16 * 1024;

/** Most bytes of one read, but for a tensor that is larger. */
const most = 4 * 1024 * 1024;

type Stretch = { readonly refs: WeightRef[]; readonly start: number; end: number };

/**
 * Values of many small tensors as float32: each file is opened once, and what lies side by side is read at once.
 * Scales are not applied.
 *
 * @throws ModelError `file-unreadable`, or `header-invalid` if a file has become shorter than its header said, or a
 *         compressed tensor is damaged
 */
export function readWeights(refs: readonly WeightRef[]): ReadonlyMap<WeightRef, Float32Array> {
  const values = new Map<WeightRef, Float32Array>();
  for (const [path, own] of Map.groupBy(refs, (ref) => ref.path))
    withModelFile(path, (file) => {
      for (const [ref, bytes] of bytesOf(file, own)) values.set(ref, toFloat32(ref.dtype, bytes));
    });
  return values;
}

/**
 * Reads one tensor's values into memory as float32, times its scale if it has one: for small things (scalars, rows), never
 * for whole networks.
 *
 * @throws ModelError as {@link readWeights}
 */
export function readWeight(ref: WeightRef): Float32Array {
  const values = readWeights([ref]).get(ref) ?? new Float32Array();
  const { scale } = ref;
  return scale === undefined ? values : values.map((value) => value * scale);
}

/**
 * One tensor's bytes as the network wants them, unpacked if need be.
 *
 * @throws ModelError as {@link readWeights}
 */
export function readBytes(ref: WeightRef): Uint8Array {
  return withModelFile(ref.path, (file) => {
    const [found] = bytesOf(file, [ref]);
    return found?.[1] ?? new Uint8Array();
  });
}

function* bytesOf(file: ModelFile, refs: readonly WeightRef[]): Generator<readonly [WeightRef, Uint8Array]> {
  for (const ref of refs) {
    const { packed, key, offset, length } = ref;
    if (packed === undefined) continue;
    yield [ref, unpackedTensor(file, packed, key).subarray(offset, offset + length)];
  }
  for (const stretch of stretches(refs.filter(({ packed }) => packed === undefined))) {
    const bytes = read(file, stretch);
    for (const ref of stretch.refs) {
      const at = ref.offset - stretch.start;
      yield [ref, bytes.subarray(at, at + ref.length)];
    }
  }
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

function read(file: ModelFile, { refs, start, end }: Stretch): Uint8Array {
  const bytes = readAt(file, start, end - start);
  if (bytes.length === end - start) return bytes;
  const ref = refs.find(({ offset, length }) => offset + length > start + bytes.length) ?? refs[0];
  const key = ref?.key ?? "";
  const what = `the data of ${shownName(key)} ends early; the file was replaced or cut short meanwhile`;
  throw invalidFile(file.path, what, key);
}
