import { invalidFile, type ModelFile, quoted } from "../model-file.ts";
import type { StoredBytes, WeightFile } from "../weight-file.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { maxPickle, PickleMachine } from "./pickle.ts";
import type { PickleValue } from "./pickle-value.ts";
import { placedTensor, storageBytes } from "./placed-tensor.ts";
import type { StorageId } from "./storage-id.ts";
import { tensorsOf } from "./tensors-of.ts";
import { memberBytes, zipMembers } from "./zip-archive.ts";
import type { ZipMember } from "./zip-entries.ts";

/**
 * Reads a torch file (1.6 and later): a zip archive with everything in one folder, `data.pkl` the object, and a member
 * `data/<key>` for each storage's elements (`caffe2/serialize/inline_container.cc`). Where the elements are stored, they
 * are mapped in the archive.
 *
 * @throws ModelError `header-invalid` or `dtype-unsupported`, naming the file and what is wrong
 */
export function torchZipOf(file: ModelFile): WeightFile {
  const { path, real, size, stamp } = file;
  const members = zipMembers(file);
  const root = rootOf(path, members);
  checkOrder(file, members.get(`${root}byteorder`));
  const { object, storages } = objectOf(file, members.get(`${root}data.pkl`));
  const places = new Map(
    [...storages].map(([key, id]) => [key, placeOf(path, id, members.get(`${root}data/${key}`))]),
  );
  const { tensors, texts } = tensorsOf(path, object);
  const refs = [...tensors].map(([key, tensor]) => {
    const stored = places.get(tensor.storage.key);
    if (stored === undefined) throw invalidFile(path, "a storage is missing", key);
    return [key, placedTensor(file, key, tensor, stored)] as const;
  });
  return { path: real, size, stamp, tensors: new Map(refs), metadata: texts };
}

/** The folder of everything, with its slash. */
function rootOf(path: string, members: ReadonlyMap<string, ZipMember>): string {
  const roots = [...members.keys()].flatMap((name) => /^([^/]+\/)data\.pkl$/.exec(name)?.[1] ?? []);
  const [root] = roots;
  if (root === undefined)
    throw invalidFile(path, "it is a zip archive, and not one of PyTorch's: it has no data.pkl");
  if (roots.length > 1) throw invalidFile(path, "its archive has several folders with a data.pkl");
  if (members.has(`${root}constants.pkl`))
    throw invalidFile(path, "it is a TorchScript program; take the model's weights (its state_dict)");
  return root;
}

function checkOrder(file: ModelFile, member: ZipMember | undefined): void {
  if (member === undefined) return; // older files are little-endian, all of them
  const order = String.fromCharCode(...memberBytes(file, member, 64));
  if (order === "little") return;
  const what = order === "big" ? "are big-endian, which is not read" : "have no order of bytes that is known";
  throw invalidFile(file.path, `its numbers ${what}`);
}

type Read = Readonly<{ object: PickleValue; storages: ReadonlyMap<string, StorageId> }>;

function objectOf(file: ModelFile, member: ZipMember | undefined): Read {
  const { path } = file;
  if (member === undefined) throw invalidFile(path, "its archive has no data.pkl");
  const bytes = memberBytes(file, member, maxPickle);
  const source = { path, read: (offset: number, length: number) => bytes.subarray(offset, offset + length) };
  const cursor = new ByteCursor(source, 0, bytes.length);
  const machine = new PickleMachine(path, cursor);
  const object = machine.run();
  if (cursor.position !== bytes.length) throw invalidFile(path, "its data.pkl goes on behind its end");
  return { object, storages: machine.storages };
}

function placeOf(path: string, storage: StorageId, member: ZipMember | undefined): StoredBytes {
  const { key } = storage;
  if (member === undefined) throw invalidFile(path, `its archive lacks the storage ${quoted(key)}`);
  const wanted = storageBytes({ storage });
  if (wanted !== undefined && wanted !== member.size) {
    const what = `has ${member.size} bytes, its tensors say ${wanted}`;
    throw invalidFile(path, `its storage ${quoted(key)} ${what}: a damaged file`);
  }
  const { offset, stored: length, crc, size } = member;
  return member.deflated ? { offset, length, deflated: { length: size, crc } } : { offset, length };
}
