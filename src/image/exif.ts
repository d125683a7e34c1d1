/** The three texts that Fooocus' pictures carry in their EXIF block. */
export type ExifTexts = Readonly<{ software: string; makerNote: string; userComment: string }>;

/** Tag numbers (EXIF 2.3, table 4 ff.). */
const tags = { software: 0x0131, makerNote: 0x927c, userComment: 0x9286 } as const;
const exifPointer = 0x8769;
/** Types of values (TIFF 6.0, section 2): UNDEFINED is EXIF's for bytes with a meaning of their own. */
const byteType = 1;
const ascii = 2;
const long = 4;
const undefinedType = 7;

/**
 * The texts as an EXIF block. All three are in the first directory, where the reference and its readers look; the comment
 * is in EXIF's own directory once more, where it belongs and where piexif and ExifReader, and with them the A1111 web UI and
 * the sites that show its pictures, look and nowhere else.
 *
 * @param most bytes that the file has room for; the second comment is left out where there is only room for one
 * @returns undefined where there is no room at all: a text is left out rather than cut in two
 */
export function exifOf(texts: ExifTexts, most = Number.POSITIVE_INFINITY): Uint8Array | undefined {
  for (const twice of [true, false]) {
    const block = writeExif(texts, twice);
    if (block.length <= most) return block;
  }
  return undefined;
}

type Entry = Readonly<{ tag: number; type: number; data: Uint8Array }>;

/** A big-endian TIFF block, since that is the byte order that readers of the comment expect of its UTF-16. */
function writeExif(texts: ExifTexts, twice: boolean): Uint8Array {
  const entries = (Object.keys(tags) as (keyof typeof tags)[]).map((name): Entry => {
    return { tag: tags[name], type: ascii, data: Buffer.from(`${texts[name]}\0`, "utf8") };
  });
  const start = 8;
  const header = Buffer.from("MM\0*\0\0\0\x08", "latin1");
  if (!twice) return Buffer.concat([header, directory(entries, start)]);
  const pointerTo = (at: number): Entry => {
    const data = Buffer.alloc(4);
    data.writeUInt32BE(at);
    return { tag: exifPointer, type: long, data };
  };
  // Its length does not depend on where the pointer leads.
  const inner = start + directory([...entries, pointerTo(0)], start).length;
  const outer = directory([...entries, pointerTo(inner)], start);
  const comment = { tag: tags.userComment, type: undefinedType, data: encodedComment(texts.userComment) };
  return Buffer.concat([header, outer, directory([comment], inner)]);
}

/** A directory with its values behind it (TIFF 6.0, section 2), of even length. */
function directory(entries: readonly Entry[], start: number): Uint8Array {
  const head = Buffer.alloc(2 + entries.length * 12 + 4);
  head.writeUInt16BE(entries.length, 0);
  const values: Uint8Array[] = [];
  let end = start + head.length;
  for (const [index, { tag, type, data }] of entries.toSorted((a, b) => a.tag - b.tag).entries()) {
    const entry = 2 + index * 12;
    head.writeUInt16BE(tag, entry);
    head.writeUInt16BE(type, entry + 2);
    head.writeUInt32BE(type === long ? data.length / 4 : data.length, entry + 4);
    if (data.length <= 4) head.set(data, entry + 8);
    else {
      head.writeUInt32BE(end, entry + 8);
      values.push(data, Buffer.alloc(data.length % 2));
      end += data.length + (data.length % 2);
    }
  }
  return Buffer.concat([head, ...values]);
}

/** Eight bytes that name the character code, then the comment (EXIF 2.3, section 4.6.5). */
function encodedComment(text: string): Uint8Array {
  const plain = /^[\0-\x7f]*$/.test(text);
  return plain
    ? Buffer.from(`ASCII\0\0\0${text}`, "latin1")
    : Buffer.concat([
        Buffer.from("UNICODE\0", "latin1"),
        Buffer.from(text.toWellFormed(), "utf16le").swap16(),
      ]);
}

/** The texts of an EXIF block, with or without its `Exif` mark, either byte order; in the first directory or EXIF's. */
export function readExif(bytes: Uint8Array): Partial<ExifTexts> {
  const block = Buffer.from(bytes).subarray(Buffer.from(bytes).toString("latin1", 0, 4) === "Exif" ? 6 : 0);
  if (block.length < 8) return {};
  const little = block.toString("latin1", 0, 2) === "II";
  const u16 = (at: number): number =>
    at + 2 > block.length ? 0 : little ? block.readUInt16LE(at) : block.readUInt16BE(at);
  const u32 = (at: number): number =>
    at + 4 > block.length ? 0 : little ? block.readUInt32LE(at) : block.readUInt32BE(at);
  const found: { -readonly [K in keyof ExifTexts]?: string } = {};
  /** Reads the texts that were not found before; returns where a directory within this one is. */
  const read = (directory: number): number => {
    let inner = 0;
    for (let i = 0; i < u16(directory); i += 1) {
      const entry = directory + 2 + i * 12;
      const tag = u16(entry);
      if (tag === exifPointer) inner = u32(entry + 8);
      const name = (Object.keys(tags) as (keyof typeof tags)[]).find((candidate) => tags[candidate] === tag);
      if (name === undefined || found[name] !== undefined) continue;
      if (![byteType, ascii, undefinedType].includes(u16(entry + 2))) continue;
      const length = u32(entry + 4);
      const start = length <= 4 ? entry + 8 : u32(entry + 8);
      if (start + length <= block.length) found[name] = text(block.subarray(start, start + length));
    }
    return inner;
  };
  const inner = read(u32(4));
  if (inner > 0) read(inner);
  return found;
}

/** UserComment may begin with eight bytes that name its character code; eight zeros name none. */
function text(bytes: Buffer): string {
  const code = bytes.toString("latin1", 0, 8);
  if (code === "UNICODE\0") return utf16(bytes.subarray(8));
  const coded = code === "ASCII\0\0\0" || code === "\0".repeat(8);
  return (coded ? bytes.subarray(8) : bytes).toString("utf8").replace(/(?<!\0)\0+$/, "");
}

/**
 * Some programs write it in the order of the block, some always big-endian. Told by a mark, else by where the zeros are: of
 * the letters of most texts, and of the blanks of all, the high byte is zero.
 */
function utf16(bytes: Buffer): string {
  const even = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)));
  let [first, second] = [0, 0];
  for (let at = 0; at < even.length; at += 2) {
    if (even[at] === 0) first += 1;
    if (even[at + 1] === 0) second += 1;
  }
  const mark = even.toString("hex", 0, 2);
  const little = mark === "fffe" || (mark !== "feff" && second > first);
  const decoded = (little ? even : even.swap16()).toString("utf16le");
  return decoded.replace(/^\ufeff/, "").replace(/(?<!\0)\0+$/, "");
}

const exifMark = Buffer.from("Exif\0\0", "latin1");

/** Bytes of an EXIF block that a JPEG has room for: a segment's length has 16 bits, and counts itself and the mark. */
export const mostOfJpeg = 0xffff - 2 - exifMark.length;

/** A JPEG with an EXIF segment right after its first marker. */
export function jpegWithExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array {
  const body = Buffer.concat([exifMark, exif]);
  const head = Buffer.from([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

/** A WebP with an EXIF chunk; a simple file becomes an extended one (WebP container specification). */
export function webpWithExif(
  webp: Uint8Array,
  exif: Uint8Array,
  size: Readonly<{ width: number; height: number }>,
): Uint8Array {
  const image = Buffer.from(webp).subarray(12);
  const header = Buffer.alloc(10);
  header[0] = 0x08;
  header.writeUIntLE(size.width - 1, 4, 3);
  header.writeUIntLE(size.height - 1, 7, 3);
  const extended = image.toString("latin1", 0, 4) === "VP8X";
  if (extended) image[8] = (image[8] ?? 0) | 0x08;
  const body = Buffer.concat([...(extended ? [] : [riff("VP8X", header)]), image, riff("EXIF", exif)]);
  const start = Buffer.alloc(12);
  start.write("RIFF", 0, "latin1");
  start.writeUInt32LE(body.length + 4, 4);
  start.write("WEBP", 8, "latin1");
  return Buffer.concat([start, body]);
}

function riff(type: string, data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(8);
  head.write(type, 0, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}
