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
