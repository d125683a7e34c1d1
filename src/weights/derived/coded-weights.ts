import { type CodedWeight, type CodedWeights, coded, hasSums, type ToCode } from "../eight-bits.ts";
import { readWeight } from "../read-weights.ts";
import { rowsOf } from "../rows-of.ts";
import type { FileStamp } from "../stamp.ts";
import type { WeightRef } from "../weight-file.ts";
import {
  derivedHeader,
  derivedSize,
  type PlannedTensor,
  plannedBytes,
  readDerived,
  writeDerived,
} from "./derived-header.ts";
import type { Derived } from "./derived-kind.ts";

/**
 * Weights in 8 bits, in a file of their own.
 *
 * @param weights what is coded, of one file
 * @param source  that file
 */
export const codedWeights = (weights: readonly ToCode[], source: FileStamp): Derived<CodedWeights> => ({
  title: "The weights in 8 bits for precision fast",
  kind: "coded-weights-2",
  sources: [source],
  plan: weights.map(({ module, parts, ref }) => {
    const { key, offset, dtype, shape, scale = 1, packed } = ref;
    return [module, parts, key, offset, dtype, shape, scale, ...(packed === undefined ? [] : [packed])];
  }),
  size: derivedSize(plannedOf(weights)),
  write: (path) => writeCoded(weights, path),
  read: (path) => readCoded(weights, path),
});

/** Where the codes will lie, from headers alone: for what must be known before anything is written. */
export function plannedCodes(weights: readonly ToCode[], path: string): CodedWeights {
  let offset = 0;
  const tensors = plannedOf(weights).map(({ name, dtype, shape }): [string, WeightRef] => {
    const length = plannedBytes({ dtype, shape });
    const ref = { path, key: name, dtype, shape, offset, length };
    offset += length;
    return [name, ref];
  });
  return gathered(weights, new Map(tensors)) ?? new Map();
}

const names = (module: string) => ({
  codes: `${module}.codes`,
  scales: `${module}.scales`,
  sums: `${module}.sums`,
});

/** Numbers first, so that each lies at a multiple of its size. */
function plannedOf(weights: readonly ToCode[]): readonly PlannedTensor[] {
  const vectors = weights.flatMap(({ module, ref }): PlannedTensor[] => {
    const { scales, sums } = names(module);
    const shape = ref.shape.slice(0, 1);
    return [
      { name: scales, dtype: "F32", shape },
      ...(hasSums(ref.shape) ? [{ name: sums, dtype: "F32", shape } as const] : []),
    ];
  });
  const codes = weights.map(({ module, ref, parts }): PlannedTensor => {
    const [out = 1, ...inner] = ref.shape;
    const inputs = inner.reduce((product, n) => product * n, 1);
    return { name: names(module).codes, dtype: "I8", shape: [parts, inputs, out / parts] };
  });
  return [...vectors, ...codes];
}

/** Goes over the weights twice, so that no more than one of them is in memory. */
async function writeCoded(weights: readonly ToCode[], path: string): Promise<void> {
  const planned = plannedOf(weights);
  const places = new Map<string, number>();
  planned.reduce((at, tensor) => {
    places.set(tensor.name, at);
    return at + plannedBytes(tensor);
  }, derivedHeader(planned).length);
  await writeDerived(planned, path, async (file) => {
    const put = (name: string, { buffer, byteLength }: Int8Array | Float32Array) =>
      file.write(new Uint8Array(buffer), 0, byteLength, places.get(name) ?? 0);
    for (const { module, ref, parts } of weights) {
      const { codes, scales, sums } = coded(readWeight(ref), ref.shape, parts);
      const own = names(module);
      await put(own.scales, scales);
      if (hasSums(ref.shape)) await put(own.sums, sums);
      await put(own.codes, codes);
    }
  });
}

function readCoded(weights: readonly ToCode[], path: string): CodedWeights | undefined {
  const tensors = readDerived(plannedOf(weights), path);
  return tensors === undefined ? undefined : gathered(weights, tensors);
}

function gathered(
  weights: readonly ToCode[],
  tensors: ReadonlyMap<string, WeightRef>,
): CodedWeights | undefined {
  const found = new Map<string, CodedWeight>();
  for (const { module, parts, ref } of weights) {
    const own = names(module);
    const [codes, scales, sums] = [own.codes, own.scales, own.sums].map((name) => tensors.get(name));
    if (codes === undefined || scales === undefined) return undefined;
    if (sums === undefined && hasSums(ref.shape)) return undefined;
    const [, inputs = 1, width = 1] = codes.shape;
    found.set(
      module,
      Array.from({ length: parts }, (_, at) => ({
        codes: { ...rowsOf(codes, at, 1), shape: [inputs, width] },
        scales: rowsOf(scales, at * width, width),
        ...(sums === undefined ? {} : { sums: rowsOf(sums, at * width, width) }),
      })),
    );
  }
  return found;
}
