/**
 * How a picture's file says that it is to be turned: EXIF's tag 0x0112, 1 to 8; 1 where it says nothing. The server turns
 * every picture so; browsers do for some formats and not for others (Chromium not for WebP and AVIF), so the page reads it
 * itself.
 */
export function exifOrientation(file: Uint8Array): number {
  try {
    const start = tiffStart(file);
    if (start === undefined) return 1;
    const view = new DataView(file.buffer, file.byteOffset + start, file.byteLength - start);
    const little = view.getUint16(0) === 0x4949;
    const entries = view.getUint32(4, little);
    const count = view.getUint16(entries, little);
    for (let i = 0; i < count; i += 1) {
      const entry = entries + 2 + 12 * i;
      if (view.getUint16(entry, little) !== 0x0112) continue;
      const value = view.getUint16(entry + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch {
    // Cut short: nothing is said.
  }
  return 1;
}

/** Where the EXIF block's TIFF header is. */
function tiffStart(file: Uint8Array): number | undefined {
  if (text(file, 1, 3) === "PNG")
    return chunk({ file, at: 8, name: 4, length: 0, little: false, after: 4 }, "eXIf");
  if (text(file, 0, 4) === "RIFF") {
    const at = chunk({ file, at: 12, name: 0, length: 4, little: true, after: 0 }, "EXIF");
    // Some writers put JPEG's prefix here too.
    return at !== undefined && text(file, at, 4) === "Exif" ? at + 6 : at;
  }
  return prefixed(file);
}

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

/** JPEG's segment, and the item of AVIF and HEIF: the header comes after a prefix. */
function prefixed(file: Uint8Array): number | undefined {
  for (let at = file.indexOf(0x45); at >= 0 && at + 14 < file.length; at = file.indexOf(0x45, at + 1)) {
    if (text(file, at, 6) !== "Exif\0\0") continue;
    const order = text(file, at + 6, 2);
    if (order === "II" || order === "MM") return at + 6;
  }
  return undefined;
}

const text = (file: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...file.subarray(at, at + length));
