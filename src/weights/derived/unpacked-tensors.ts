import type { WeightMap } from "../checkpoint.ts";
import { readBytes } from "../read-weights.ts";
import type { FileStamp } from "../stamp.ts";
import type { Packed, WeightRef } from "../weight-file.ts";
import {
  derivedSize,
  type PlannedTensor,
  plannedBytes,
  readDerived,
  writeDerived,
} from "./derived-header.ts";
import type { Derived } from "./derived-kind.ts";

/** A tensor that is packed in its file, once however many parts of it are asked for. */
type Whole = PlannedTensor & Readonly<{ ref: WeightRef; packed: Packed }>;

/** Whether some of these tensors cannot be mapped where they lie. */
export const arePacked = (tensors: WeightMap): boolean =>
  tensors.values().some(({ packed }) => packed !== undefined);

/**
 * The packed ones of these tensors, unpacked in a file of their own; read as the same names with all of them mapped.
 *
 * @param source the file they are in
 */
export function unpackedTensors(tensors: WeightMap, source: FileStamp): Derived<WeightMap> {
  const wholes = wholesOf(tensors);
  return {
    title: "The unpacked weights of a PyTorch file",
    kind: "unpacked-tensors-1",
    sources: [source],
    plan: wholes.map(({ dtype, packed }) => [dtype, packed]),
    size: derivedSize(wholes),
    write: (path) => writeUnpacked(wholes, path),
    read: (path) => readUnpacked(tensors, wholes, path),
  };
}

const nameOf = (packed: Packed): string => JSON.stringify(packed);

/** Larger elements first, so that each lies at a multiple of its size. */
function wholesOf(tensors: WeightMap): readonly Whole[] {
  const found = new Map<string, Omit<Whole, "name">>();
  for (const ref of tensors.values()) {
    const { packed, dtype, key, path } = ref;
    if (packed === undefined) continue;
    const { shape } = packed.view;
    const whole = { path, key, dtype, shape, packed, offset: 0, length: plannedBytes({ dtype, shape }) };
    found.set(nameOf(packed), { dtype, shape, packed, ref: whole });
  }
  const ordered = [...found.values()].toSorted(
    (a, b) => b.packed.element - a.packed.element || a.packed.storage.offset - b.packed.storage.offset,
  );
  return ordered.map((whole, index) => ({ ...whole, name: String(index) }));
}

const writeUnpacked = (wholes: readonly Whole[], path: string): Promise<void> =>
  writeDerived(wholes, path, async (file) => {
    for (const { ref } of wholes) await file.writeFile(readBytes(ref));
  });

function readUnpacked(tensors: WeightMap, wholes: readonly Whole[], path: string): WeightMap | undefined {
  const found = readDerived(wholes, path);
  if (found === undefined) return undefined;
  const places = new Map<string, WeightRef>();
  for (const { name, packed } of wholes) {
    const ref = found.get(name);
    if (ref !== undefined) places.set(nameOf(packed), ref);
  }
  return new Map([...tensors].map(([name, ref]) => [name, placed(ref, places)]));
}

function placed(ref: WeightRef, places: ReadonlyMap<string, WeightRef>): WeightRef {
  const { packed, ...rest } = ref;
  const place = packed === undefined ? undefined : places.get(nameOf(packed));
  return place === undefined ? ref : { ...rest, path: place.path, offset: place.offset + ref.offset };
}
