/** The three texts that Fooocus' pictures carry in their EXIF block. */
export type ExifTexts = Readonly<{ software: string; makerNote: string; userComment: string }>;

/** Tag numbers (EXIF 2.3, table 4 ff.); all of them in the first directory, where the reference's readers look. */
const tags = { software: 0x0131, makerNote: 0x927c, userComment: 0x9286 } as const;
const exifPointer = 0x8769;
const ascii = 2;
const undefinedType = 7;

/** A little-endian TIFF block with one directory of texts in UTF-8, each ended by a zero byte. */
export function writeExif(texts: ExifTexts): Uint8Array {
  const entries = (Object.keys(tags) as (keyof typeof tags)[])
    .map((name) => ({ tag: tags[name], data: Buffer.from(`${texts[name]}\0`, "utf8") }))
    .sort((a, b) => a.tag - b.tag);
  const start = 8;
  const dataStart = start + 2 + entries.length * 12 + 4;
  const block = Buffer.alloc(
    dataStart + entries.reduce((sum, { data }) => sum + data.length + (data.length % 2), 0),
  );
  block.write("II*\0", 0, "latin1");
  block.writeUInt32LE(start, 4);
  block.writeUInt16LE(entries.length, start);
  let at = dataStart;
  for (const [index, { tag, data }] of entries.entries()) {
    const entry = start + 2 + index * 12;
    block.writeUInt16LE(tag, entry);
    block.writeUInt16LE(ascii, entry + 2);
    block.writeUInt32LE(data.length, entry + 4);
    if (data.length <= 4) block.set(data, entry + 8);
    else {
      block.writeUInt32LE(at, entry + 8);
      block.set(data, at);
      at += data.length + (data.length % 2);
    }
  }
  return block;
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
      if (![ascii, undefinedType].includes(u16(entry + 2))) continue;
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

/** UserComment may begin with eight bytes that name its character code. */
function text(bytes: Buffer): string {
  const code = bytes.toString("latin1", 0, 8);
  if (code === "UNICODE\0") {
    return bytes
      .subarray(8, bytes.length - (bytes.length % 2))
      .swap16()
      .toString("utf16le");
  }
  const body = code === "ASCII\0\0\0" ? bytes.subarray(8) : bytes;
  return body.toString("utf8").replace(/(?<!\0)\0+$/, "");
}

/** A JPEG with an EXIF segment right after its first marker. */
export function jpegWithExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exif]);
  // A segment's length has 16 bits; a text that does not fit is left out rather than cut in two.
  if (body.length + 2 > 0xffff) return jpeg;
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
