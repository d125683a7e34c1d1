const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

const toUnit = Math.fround(2.3283064e-10);
const toAngle = Math.fround(2.3283064e-10 * 6.2831855);

/** Upper 32 bits of a 32 by 32 bit product, as a signed number; in integers throughout, since noise is drawn by the million. */
function high(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const other = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (other >>> 16)) | 0;
}

/**
 * Standard normal values as `torch.randn` gives them on a CUDA device: Philox4x32-10 (Salmon et al. 2011), one counter
 * an element. Equal to a card's own as long as the tensor has no more elements than the card launches threads, which
 * is so up to about two megapixels on large cards.
 *
 * @param seed all 64 bits count
 * @param draw how many draws this generator has made since it was seeded
 */
export function gpuRandn(seed: bigint, length: number, draw = 0): Float32Array {
  const key0 = Number(BigInt.asIntN(32, seed));
  const key1 = Number(BigInt.asIntN(32, seed >> 32n));
  const data = new Float32Array(length);
  for (let i = 0; i < length; i += 1) {
    let c0 = draw | 0;
    let c1 = 0;
    let c2 = i;
    let c3 = 0;
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round += 1) {
      const next0 = high(multiplier1, c2) ^ c1 ^ k0;
      const next2 = high(multiplier0, c0) ^ c3 ^ k1;
      c1 = Math.imul(multiplier1, c2);
      c3 = Math.imul(multiplier0, c0);
      c0 = next0;
      c2 = next2;
      k0 = (k0 + weyl0) | 0;
      k1 = (k1 + weyl1) | 0;
    }
    const u = Math.fround(Math.fround((c0 >>> 0) * toUnit) + toUnit / 2);
    const v = Math.fround(Math.fround((c1 >>> 0) * toAngle) + toAngle / 2);
    data[i] = Math.sqrt(-2 * Math.log(u)) * Math.sin(v);
  }
  return data;
}
