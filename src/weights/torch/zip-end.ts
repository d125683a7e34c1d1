import { invalidFile, type ModelFile, readAt, tooShort } from "../model-file.ts";

/** The end record, 22 bytes, and the longest comment behind it. */
const endLength = 22;
const longestComment = 65_535;

const locatorLength = 20;
const end64Length = 56;

/** Where a zip archive's list of members is. */
export type ZipDirectory = Readonly<{ offset: number; length: number; count: number }>;

/**
 * Finds the list of members from the end of the file (APPNOTE.TXT 4.3.14 to 4.3.16), in the form for 64 bits where there
 * is one: torch writes both, always.
 *
 * @throws ModelError `header-invalid` where there is no end (a broken download), or it contradicts itself
 */
export function zipDirectory(file: ModelFile): ZipDirectory {
  const { path, size } = file;
  const tailStart = Math.max(0, size - endLength - longestComment);
  const tail = readAt(file, tailStart, size - tailStart);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  const at = endIn(view);
  if (at === undefined) throw invalidFile(path, `its archive has no end: ${tooShort}`);
  const end = tailStart + at;
  const disks = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
  const here = view.getUint16(at + 8, true);
  const found = {
    count: view.getUint16(at + 10, true),
    length: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  };
  const wide = zip64(file, end);
  // Where the short form has no room it says 65,535 or 4 GiB less one; where it has, both must agree.
  if (wide !== undefined) {
    const agree = (own: number, long: number, full: number): boolean => own === full || own === long;
    const fits =
      agree(found.count, wide.count, 0xffff) &&
      agree(found.length, wide.length, 0xffffffff) &&
      agree(found.offset, wide.offset, 0xffffffff);
    if (!fits) throw invalidFile(path, "its archive has two ends that contradict each other");
  }
  const directory = wide ?? found;
  const next = wide === undefined ? end : wide.at;
  if (disks.some((disk) => disk !== 0) || here !== found.count)
    throw invalidFile(path, "it is one of several parts of an archive");
  if (directory.offset + directory.length !== next)
    throw invalidFile(path, "its archive's list of members does not end where it should");
  return { offset: directory.offset, length: directory.length, count: directory.count };
}

/** The last end record whose comment reaches to the file's end. */
function endIn(view: DataView): number | undefined {
  for (let at = view.byteLength - endLength; at >= 0; at -= 1) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    if (at + endLength + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  return undefined;
}

function zip64(file: ModelFile, end: number): (ZipDirectory & Readonly<{ at: number }>) | undefined {
  if (end < locatorLength) return undefined;
  const locator = viewAt(file, end - locatorLength, locatorLength);
  if (locator.getUint32(0, true) !== 0x07064b50) return undefined;
  const at = Number(locator.getBigUint64(8, true));
  const single = locator.getUint32(4, true) === 0 && locator.getUint32(16, true) === 1;
  const bad = (): Error => invalidFile(file.path, "its archive's end for 64 bits is broken");
  if (!single || at + end64Length !== end - locatorLength) throw bad();
  const view = viewAt(file, at, end64Length);
  const count = view.getBigUint64(32, true);
  const oneDisk = view.getUint32(16, true) === 0 && view.getUint32(20, true) === 0;
  const whole = view.getUint32(0, true) === 0x06064b50 && view.getBigUint64(4, true) === 44n;
  if (!oneDisk || !whole || view.getBigUint64(24, true) !== count) throw bad();
  const [length, offset] = [view.getBigUint64(40, true), view.getBigUint64(48, true)];
  return { at, count: Number(count), length: Number(length), offset: Number(offset) };
}

function viewAt(file: ModelFile, offset: number, length: number): DataView {
  const bytes = readAt(file, offset, length);
  if (bytes.length < length) throw invalidFile(file.path, "it was cut short while it was read");
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}
