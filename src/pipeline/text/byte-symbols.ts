/**
 * The characters that byte-level BPE writes bytes with (Radford et al. 2019): printable bytes stand for themselves, the other
 * 68 for characters from U+0100 on; printable ones come first in the order of vocabularies.
 */
export function byteSymbols(): { symbolOf: (byte: number) => string; order: readonly number[] } {
  const isPrintable = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  const others = all.filter((byte) => !isPrintable(byte));
  const symbols = all.map((byte) =>
    String.fromCodePoint(isPrintable(byte) ? byte : 256 + others.indexOf(byte)),
  );
  return { symbolOf: (byte) => symbols[byte] ?? "", order: [...all.filter(isPrintable), ...others] };
}
