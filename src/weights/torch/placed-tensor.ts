import { type DType, dtypeBytes } from "../dtype.ts";
import { invalidFile, type ModelFile, quoted, unsupportedType } from "../model-file.ts";
import type { StoredBytes, WeightRef } from "../weight-file.ts";
import type { TensorValue } from "./pickle-value.ts";
import { dtypeOf } from "./storage-id.ts";

/** Most bytes of a tensor, or of its storage, that is unpacked; SDXL's largest has 260 MB. */
const mostUnpacked = 2 ** 30;

/**
 * Where a tensor's bytes lie. Elements one after the other in a stored storage are mapped where they are, however odd
 * their position, and several tensors may share them. Transposed and expanded views, and compressed storages, are packed.
 *
 * @param stored where its storage lies
 * @throws ModelError `header-invalid` if it reaches beyond its storage, `dtype-unsupported`
 */
export function placedTensor(
  file: ModelFile,
  key: string,
  tensor: TensorValue,
  stored: StoredBytes,
): WeightRef {
  const { storage, start, shape, strides } = tensor;
  const dtype = dtypeOf(tensor.dtype);
  if (dtype === undefined) throw unsupportedType(file.path, key, tensor.dtype);
  const element = dtypeBytes[dtype];
  const bad = (what: string): Error => invalidFile(file.path, `tensor ${quoted(key)} ${what}`, key);
  const length = shape.reduce((product, n) => product * n, element);
  if (!shape.every((n) => Number.isSafeInteger(n)) || !Number.isSafeInteger(length))
    throw bad("is too large");
  const bytes = storageBytes(tensor) ?? Number.NaN;
  if (length > 0) {
    const last = shape.reduce((sum, n, axis) => sum + (n - 1) * (strides[axis] ?? 0), start);
    if (!((last + 1) * element <= bytes))
      throw bad(`reaches beyond its storage ${quoted(storage.key)}, which has ${storage.count} elements`);
  }
  const place = { path: file.real, key, dtype, shape, length };
  if (length === 0) return { ...place, offset: stored.offset };
  const plain = stored.deflated === undefined && isContiguous(shape, strides);
  if (plain) return { ...place, offset: stored.offset + start * element };
  if (Math.max(length, bytes) > mostUnpacked)
    throw bad("is compressed or transposed and too large to be unpacked; convert it to safetensors");
  return { ...place, offset: 0, packed: { storage: stored, view: { start, shape, strides }, element } };
}

/** How many bytes a tensor's storage has; undefined where its type is not read. */
export function storageBytes({ storage }: Pick<TensorValue, "storage">): number | undefined {
  const dtype: DType | undefined = dtypeOf(storage.dtype);
  return dtype === undefined ? undefined : storage.count * dtypeBytes[dtype];
}

/** Row-major without gaps; an axis of length 1 may have any stride. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    const n = shape[axis] ?? 1;
    if (n !== 1 && strides[axis] !== step) return false;
    step *= n;
  }
  return true;
}
