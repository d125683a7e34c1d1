import { invalidFile, type ModelFile, readAt, tooShort } from "../model-file.ts";
import type { StoredBytes, WeightFile } from "../weight-file.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { maxPickle, PickleMachine } from "./pickle.ts";
import type { PickleValue } from "./pickle-value.ts";
import { placedTensor, storageBytes } from "./placed-tensor.ts";
import type { StorageId } from "./storage-id.ts";
import { tensorsOf } from "./tensors-of.ts";

const protocol = 1001;

/**
 * Reads a torch file of the form before 1.6: five pickles (a magic number, the protocol, facts about the system, the
 * object, the storages' keys in order), then for each storage its number of elements, 64 bits, and the elements
 * (`torch/serialization.py`, `_legacy_save`). It has no checksums: what its structure can tell of damage is all there is.
 *
 * @throws ModelError `header-invalid` or `dtype-unsupported`, naming the file and what is wrong
 */
export function torchLegacyOf(file: ModelFile): WeightFile {
  const { path, real, size, stamp } = file;
  const source = { path, read: (offset: number, length: number) => readAt(file, offset, length) };
  const cursor = new ByteCursor(source, 0, Math.min(size, maxPickle));
  const machines = Array.from({ length: 5 }, () => new PickleMachine(path, cursor));
  const [, version, system, object = null, keys = null] = machines.map((machine) => machine.run());
  if (version !== protocol) throw invalidFile(path, `it is not of PyTorch's protocol ${protocol}`);
  checkOrder(path, system);
  const storages = machines[3]?.storages ?? new Map();
  const placed = placesOf(file, cursor.position, keysOf(path, keys, storages));
  const { tensors, texts } = tensorsOf(path, object);
  const refs = [...tensors].map(([key, tensor]) => {
    const stored = placed.get(tensor.storage.key);
    if (stored === undefined) throw invalidFile(path, "a storage is missing", key);
    return [key, placedTensor(file, key, tensor, stored)] as const;
  });
  return { path: real, size, stamp, tensors: new Map(refs), metadata: texts };
}

function checkOrder(path: string, system: PickleValue | undefined): void {
  const entries = typeof system === "object" && system?.kind === "dict" ? system.entries : [];
  const order = entries.find(([key]) => key === "little_endian")?.[1];
  if (order === false) throw invalidFile(path, "its numbers are big-endian, which is not read");
  if (order !== true) throw invalidFile(path, "it does not say the order of its bytes");
}

/** The storages in the order of the file. Each that the object names must be there, once, and no other. */
function keysOf(
  path: string,
  keys: PickleValue,
  storages: ReadonlyMap<string, StorageId>,
): readonly StorageId[] {
  const items = typeof keys === "object" && keys !== null && "items" in keys ? keys.items : [];
  const found = items.flatMap((key) => (typeof key === "string" ? (storages.get(key) ?? []) : []));
  if (found.length !== items.length || new Set(items).size !== items.length || items.length !== storages.size)
    throw invalidFile(path, "its list of storages is not that of its tensors");
  return found;
}

function placesOf(
  file: ModelFile,
  start: number,
  storages: readonly StorageId[],
): ReadonlyMap<string, StoredBytes> {
  const { path, size } = file;
  const places = new Map<string, StoredBytes>();
  let at = start;
  for (const storage of storages) {
    const length = storageBytes({ storage });
    if (length === undefined)
      throw invalidFile(path, `it has storages of ${storage.dtype}, which is not read`);
    const head = readAt(file, at, 8);
    const count = head.length === 8 ? Number(new DataView(head.buffer).getBigUint64(0, true)) : storage.count;
    if (count !== storage.count) {
      const what = `has ${count} elements where its tensors say ${storage.count}`;
      throw invalidFile(path, `its storage ${storage.key.slice(0, 40)} ${what}: a damaged file`);
    }
    places.set(storage.key, { offset: at + 8, length });
    at += 8 + length;
  }
  if (at > size) throw invalidFile(path, `it has ${size} bytes but should have ${at}: ${tooShort}`);
  if (at < size) throw invalidFile(path, `it has ${size} bytes but its storages end at ${at}`);
  return places;
}
