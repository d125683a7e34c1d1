const signature = Buffer.from("89504e470d0a1a0a", "hex");

/** Chunks that say pixels, and how large one is. */
const plain: readonly string[] = ["IHDR", "PLTE", "tRNS", "pHYs", "IDAT", "IEND"];

/** Whether a file is a PNG of pixels alone, as we write them: no texts, no profiles, nothing behind its end. */
export function plainPng(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!file.subarray(0, 8).equals(signature)) return false;
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString("latin1", at + 4, at + 8);
    if (!plain.includes(type)) return false;
    at += length + 12;
    if (type === "IEND") return at === file.length;
  }
  return false;
}
