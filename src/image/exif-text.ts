/** UserComment may begin with eight bytes that name its character code; eight zeros name none (EXIF 2.3, section 4.6.5). */
export function exifText(bytes: Buffer): string {
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
