const exifMark = Buffer.from("Exif\0\0", "latin1");

/** Bytes of an EXIF block that a JPEG has room for: a segment's length has 16 bits, and counts itself and the mark. */
export const mostOfJpeg = 0xffff - 2 - exifMark.length;

/** A JPEG with an EXIF segment right after its first marker. */
export function jpegWithExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array {
  const body = Buffer.concat([exifMark, exif]);
  const head = Buffer.from([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}
