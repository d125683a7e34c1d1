import { invalidFile, type ModelFile, quoted, readAt } from "../model-file.ts";
import { unpackedBytes } from "../unpack.ts";
import { zipDirectory } from "./zip-end.ts";
import { type ZipMember, zipEntries } from "./zip-entries.ts";

/** Most bytes of a descriptor behind a member's data: a signature, its checksum, and two sizes of 64 bits. */
const longestDescriptor = 24;

const localLength = 30;

/**
 * The members of a zip archive and where their data lies, by name. Stricter than zip programs are: members follow each other
 * without gaps, from the file's first byte to the list of them, and each is called the same in both places. So no byte
 * belongs to two of them, and a damaged length shows.
 *
 * Own code, since the packages for zip archives (yauzl, fflate, adm-zip) give contents, asynchronously or all at once,
 * and not where they lie.
 *
 * @throws ModelError `header-invalid` naming the member: encrypted, compressed in another way than deflate, named twice or
 *         outside of the archive, overlapping
 */
export function zipMembers(file: ModelFile): ReadonlyMap<string, ZipMember> {
  const directory = zipDirectory(file);
  const entries = zipEntries(file, directory);
  const ordered = entries.toSorted((a, b) => a.local - b.local);
  const members = new Map<string, ZipMember>();
  for (const [index, entry] of ordered.entries()) {
    const { name } = entry;
    if (members.has(name)) throw invalidFile(file.path, `its archive holds the name ${quoted(name)} twice`);
    if (index === 0 && entry.local !== 0)
      throw invalidFile(file.path, "its archive does not begin with a member");
    const next = ordered[index + 1]?.local ?? directory.offset;
    members.set(name, located(file, entry, next));
  }
  return members;
}

/** A member after its own header was compared with the list's entry, and what lies behind it with what may. */
function located(file: ModelFile, entry: ZipMember, next: number): ZipMember {
  const { name, rawName, local, stored } = entry;
  const bad = (what: string): Error => invalidFile(file.path, `its archive's member ${quoted(name)} ${what}`);
  const header = readAt(file, local, localLength + rawName.length);
  if (header.length < localLength + rawName.length) throw bad("begins behind the end of the file");
  const view = new DataView(header.buffer);
  if (view.getUint32(0, true) !== 0x04034b50) throw bad("is not where the list of members says");
  if (view.getUint16(26, true) !== rawName.length || !sameBytes(header.subarray(localLength), rawName))
    throw bad("has another name in the list of members");
  if ((view.getUint16(6, true) & 0x41) !== 0 || view.getUint16(8, true) !== (entry.deflated ? 8 : 0))
    throw bad("is stored in another way than the list of members says");
  const offset = local + localLength + rawName.length + view.getUint16(28, true);
  const gap = next - offset - stored;
  const described = (view.getUint16(6, true) & 8) !== 0;
  if (!(described ? gap >= 12 && gap <= longestDescriptor && gap % 4 === 0 : gap === 0))
    throw bad(gap < 0 ? "overlaps the one behind it" : "is not followed by the next one");
  if (described && !isDescriptor(readAt(file, offset + stored, gap), entry))
    throw bad("is not followed by its sizes");
  return { ...entry, offset };
}

/** With or without a signature, sizes of 32 or 64 bits. */
function isDescriptor(bytes: Uint8Array<ArrayBuffer>, { crc, stored }: ZipMember): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const signed = bytes.length === 16 || bytes.length === 24;
  const at = signed ? 4 : 0;
  if (signed && view.getUint32(0, true) !== 0x08074b50) return false;
  return view.getUint32(at, true) === crc && view.getUint32(at + 4, true) === stored % 2 ** 32;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/**
 * A whole member, unpacked and held to its checksum. Torch can be told to leave checksums out; they are 0 then.
 *
 * @param most bytes it may have
 */
export function memberBytes(file: ModelFile, member: ZipMember, most: number): Uint8Array {
  const { name, offset, stored, size, crc, deflated } = member;
  if (size > most) throw invalidFile(file.path, `its archive's member ${quoted(name)} has ${size} bytes`);
  const packing = deflated ? { deflated: { length: size, crc } } : {};
  return unpackedBytes(file, { offset, length: stored, ...packing }, { name, crc });
}
