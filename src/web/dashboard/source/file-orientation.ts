import { avifOrientation } from "./avif-orientation.ts";
import { text } from "./text-at.ts";

/** How a file's pixels are to be turned, 1 to 8 as EXIF counts; and the file without that, with pixels as they lie. */
export type Stored = Readonly<{ orientation: number; upright: Uint8Array<ArrayBuffer> }>;

/**
 * What a picture's file says about being turned. The server turns every picture so; browsers do for some formats and not
 * for others (Chromium not for WebP and AVIF), and cannot be asked not to. So the page reads it, takes it out of a copy,
 * and turns the picture itself. JPEG, PNG and WebP say it by EXIF's tag 0x0112; AVIF by a property, whatever its EXIF says.
 *
 * @throws Error for an AVIF that is mirrored, which cannot be taken out
 */
export function fileOrientation(file: Uint8Array<ArrayBuffer>): Stored {
  if (text(file, 4, 4) === "ftyp") return avifOrientation(file);
  const asItIs = { orientation: 1, upright: file };
  try {
    const start = tiffStart(file);
    if (start === undefined) return asItIs;
    const found = tagOf(file, start);
    if (found === undefined) return asItIs;
    return { orientation: found.value, upright: without(file, start, found) };
  } catch (error) {
    // Cut short: nothing is said.
    if (error instanceof RangeError) return asItIs;
    throw error;
  }
}

/** Where the tag's value lies, and what it is. */
type Tag = Readonly<{ at: number; little: boolean; value: number }>;

function tagOf(file: Uint8Array<ArrayBuffer>, start: number): Tag | undefined {
  const view = new DataView(file.buffer, file.byteOffset + start, file.byteLength - start);
  const little = view.getUint16(0) === 0x4949;
  const entries = view.getUint32(4, little);
  const count = view.getUint16(entries, little);
  for (let i = 0; i < count; i += 1) {
    const entry = entries + 2 + 12 * i;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? { at: start + entry + 8, little, value } : undefined;
  }
  return undefined;
}

function without(file: Uint8Array<ArrayBuffer>, start: number, { at, little }: Tag): Uint8Array<ArrayBuffer> {
  if (isPng(file)) {
    // A chunk has a checksum: it goes as a whole.
    const length = new DataView(file.buffer, file.byteOffset).getUint32(start - 8);
    const copy = new Uint8Array(file.length - length - 12);
    copy.set(file.subarray(0, start - 8));
    copy.set(file.subarray(start + length + 4), start - 8);
    return copy;
  }
  const copy = file.slice();
  new DataView(copy.buffer).setUint16(at, 1, little);
  return copy;
}

/** Where the EXIF block's TIFF header is. */
function tiffStart(file: Uint8Array<ArrayBuffer>): number | undefined {
  if (isPng(file)) return chunk({ file, at: 8, name: 4, length: 0, little: false, after: 4 }, "eXIf");
  if (text(file, 0, 4) === "RIFF") {
    const at = chunk({ file, at: 12, name: 0, length: 4, little: true, after: 0 }, "EXIF");
    // Some writers put JPEG's prefix here too.
    return at !== undefined && text(file, at, 4) === "Exif" ? at + 6 : at;
  }
  return prefixed(file);
}

const isPng = (file: Uint8Array): boolean => text(file, 1, 3) === "PNG";

/** A file of chunks: where the first is, where in a chunk its name and its length are, and what follows its data. */
type Chunks = Readonly<{
  file: Uint8Array;
  at: number;
  name: 0 | 4;
  length: 0 | 4;
  little: boolean;
  after: number;
}>;

function chunk({ file, at, name, length, little, after }: Chunks, wanted: string): number | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let start = at;
  while (start + 8 <= file.length) {
    if (text(file, start + name, 4) === wanted) return start + 8;
    const size = view.getUint32(start + length, little);
    start += 8 + size + after;
    // RIFF's chunks begin at even places.
    if (little) start += size % 2;
  }
  return undefined;
}

/** JPEG's segment: the header comes after a prefix. */
function prefixed(file: Uint8Array): number | undefined {
  for (let at = file.indexOf(0x45); at >= 0 && at + 14 < file.length; at = file.indexOf(0x45, at + 1)) {
    if (text(file, at, 6) !== "Exif\0\0") continue;
    const order = text(file, at + 6, 2);
    if (order === "II" || order === "MM") return at + 6;
  }
  return undefined;
}
