import type { Claims } from "../claims.ts";

/** A reader of numbers one after the other; zeros beyond the end. */
class Numbers {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  get left(): number {
    return this.#data.length - this.#at;
  }

  /** @param bytes 0 to 8 */
  read(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i += 1) value = value * 256 + (this.#data[this.#at + i] ?? 0);
    this.#at += bytes;
    return value;
  }
}

/**
 * The data of the items of a HEIF, as its `iloc` box places them (ISO/IEC 14496-12, section 8.11.3), each in one piece.
 *
 * @param location the box's content
 * @param sources  what places count from: the file, or the `idat` box
 */
export function itemsOf(
  location: Buffer,
  sources: Readonly<{ file: Buffer; idat: Buffer }>,
  claims: Claims,
): readonly Buffer[] {
  const numbers = new Numbers(location);
  const version = numbers.read(1);
  numbers.read(3);
  const sizes = numbers.read(2);
  const [offsetBytes, lengthBytes, baseBytes] = [(sizes >> 12) & 15, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexBytes = version === 0 ? 0 : sizes & 15;
  const count = numbers.read(version < 2 ? 2 : 4);
  claims.frame(count);
  const items: Buffer[] = [];
  for (let item = 0; item < count && numbers.left > 0; item += 1) {
    numbers.read(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : numbers.read(2) & 15;
    numbers.read(2);
    const source = method === 1 ? sources.idat : sources.file;
    const base = numbers.read(baseBytes);
    const extents = numbers.read(2);
    const parts: Buffer[] = [];
    let bytes = 0;
    for (let extent = 0; extent < extents && numbers.left > 0; extent += 1) {
      numbers.read(indexBytes);
      const start = base + numbers.read(offsetBytes);
      const length = numbers.read(lengthBytes);
      const part = source.subarray(start, length === 0 ? source.length : start + length);
      bytes += part.length;
      // Places that overlap could make more of a file than it has.
      if (bytes > source.length) break;
      parts.push(part);
    }
    items.push(parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts));
  }
  return items;
}
