/** Element types of safetensors that a weight can have, with their size in bytes. */
export const dtypeBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const satisfies Record<string, number>;

export type DType = keyof typeof dtypeBytes;

/** Whether a type name of a header is one we can read. */
export const isDType = (name: string): name is DType => Object.hasOwn(dtypeBytes, name);

const half = new Float16Array(1);
const halfBits = new Uint16Array(half.buffer);

function halfValue(bits: number): number {
  halfBits[0] = bits;
  return half[0] ?? Number.NaN;
}

/** F8 with 4 exponent bits, bias 7, no infinity ("FN"): exponent 0 is subnormal, all ones is NaN. */
function e4m3Value(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 15;
  const mantissa = bits & 7;
  if (exponent === 15 && mantissa === 7) return Number.NaN;
  return sign * (exponent === 0 ? (mantissa / 8) * 2 ** -6 : (1 + mantissa / 8) * 2 ** (exponent - 7));
}

/** bfloat16 is the upper half of a float32. */
function bfloatValues(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) bits[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(bits.buffer);
}

/**
 * Little-endian bytes of a float type as float32 values.
 *
 * @param bytes any alignment; its length is a multiple of the element size
 */
export function toFloat32(dtype: DType, bytes: Uint8Array): Float32Array {
  const aligned = bytes.slice();
  switch (dtype) {
    case "F64":
      return Float32Array.from(new Float64Array(aligned.buffer));
    case "F32":
      return new Float32Array(aligned.buffer);
    case "F16":
      return new Float32Array(new Float16Array(aligned.buffer));
    case "BF16":
      return bfloatValues(new Uint16Array(aligned.buffer));
    case "F8_E5M2":
      return Float32Array.from(aligned, (byte) => halfValue(byte << 8));
    case "F8_E4M3":
      return Float32Array.from(aligned, e4m3Value);
    case "I64":
      return Float32Array.from(new BigInt64Array(aligned.buffer), Number);
    case "U64":
      return Float32Array.from(new BigUint64Array(aligned.buffer), Number);
    case "I32":
      return Float32Array.from(new Int32Array(aligned.buffer));
    case "U32":
      return Float32Array.from(new Uint32Array(aligned.buffer));
    case "I16":
      return Float32Array.from(new Int16Array(aligned.buffer));
    case "U16":
      return Float32Array.from(new Uint16Array(aligned.buffer));
    case "I8":
      return Float32Array.from(new Int8Array(aligned.buffer));
    case "U8":
    case "BOOL":
      return Float32Array.from(aligned);
  }
}
