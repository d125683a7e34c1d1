const poolSize = 24;

/** 32-bit words of a number, low one first; zero is one word. */
function words(value: bigint): number[] {
  const result: number[] = [];
  let rest = value;
  do {
    result.push(Number(rest & 0xffffffffn));
    rest >>= 32n;
  } while (rest > 0n);
  return result;
}

const mix = (x: number, y: number): number => {
  const result = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) >>> 0;
  return (result ^ (result >>> 16)) >>> 0;
};

/**
 * numpy's `SeedSequence` with a pool of 24 words (O'Neill's seed_seq, as numpy documents it): well-mixed 32-bit words
 * from an entropy and a path of children.
 *
 * @param spawnKey the path; empty for the root
 * @param count    how many words are wanted
 */
export function seedSequence(entropy: bigint, spawnKey: readonly number[], count: number): Uint32Array {
  const input = words(entropy);
  if (spawnKey.length > 0) {
    while (input.length < poolSize) input.push(0);
    for (const part of spawnKey) input.push(...words(BigInt(part)));
  }
  let h = 0x43b0d7e5;
  const mixIn = (value: number): number => {
    let v = value ^ h;
    h = Math.imul(h, 0x931e8875);
    v = Math.imul(v, h);
    return (v ^ (v >>> 16)) >>> 0;
  };
  const pool = new Uint32Array(poolSize);
  for (let i = 0; i < poolSize; i += 1) pool[i] = mixIn(input[i] ?? 0);
  for (let s = 0; s < poolSize; s += 1) {
    for (let d = 0; d < poolSize; d += 1) if (d !== s) pool[d] = mix(pool[d]!, mixIn(pool[s]!));
  }
  for (const word of input.slice(poolSize)) {
    for (let d = 0; d < poolSize; d += 1) pool[d] = mix(pool[d]!, mixIn(word));
  }
  let g = 0x8b51f9dd;
  return Uint32Array.from({ length: count }, (_, i) => {
    let v = pool[i % poolSize]! ^ g;
    g = Math.imul(g, 0x58f38ded);
    v = Math.imul(v, g);
    return (v ^ (v >>> 16)) >>> 0;
  });
}
