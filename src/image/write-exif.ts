import { type ExifTexts, exifPointer, tags, valueTypes } from "./exif.ts";

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
    return { tag: tags[name], type: valueTypes.ascii, data: Buffer.from(`${texts[name]}\0`, "utf8") };
  });
  const start = 8;
  const header = Buffer.from("MM\0*\0\0\0\x08", "latin1");
  if (!twice) return Buffer.concat([header, directory(entries, start)]);
  const pointerTo = (at: number): Entry => {
    const data = Buffer.alloc(4);
    data.writeUInt32BE(at);
    return { tag: exifPointer, type: valueTypes.long, data };
  };
  // Its length does not depend on where the pointer leads.
  const inner = start + directory([...entries, pointerTo(0)], start).length;
  const outer = directory([...entries, pointerTo(inner)], start);
  const comment = {
    tag: tags.userComment,
    type: valueTypes.undefined,
    data: encodedComment(texts.userComment),
  };
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
    head.writeUInt32BE(type === valueTypes.long ? data.length / 4 : data.length, entry + 4);
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
