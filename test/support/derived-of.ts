import type { Derived } from "#/weights/derived/derived-kind.ts";
import { unpackedTensors } from "#/weights/derived/unpacked-tensors.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

/** The transpose of a file's matrix `a`, as the kind of derived file that unpacks what lies in another order. */
export function derivedOf(source: string): Derived<WeightRef> {
  const file = readSafetensors(source);
  const ref = file.tensors.get("a");
  if (ref === undefined) throw new Error(`${source} has no a`);
  const { offset, length, shape, dtype } = ref;
  const [rows = 1, columns = 1] = shape;
  const view = { start: 0, shape: [rows, columns], strides: [columns, 1] };
  const packed = { storage: { offset, length }, view, element: 4 };
  const tensors = new Map([["a", { ...ref, dtype, offset: 0, packed }]]);
  const { read, ...derived } = unpackedTensors(tensors, file);
  return { ...derived, read: (path) => read(path)?.get("a") };
}
