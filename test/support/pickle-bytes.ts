/** Pickles by hand, for tests of the reader: an opcode or a value a call, in the order of the file. */
export const op = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);

/** Pieces one after the other. */
export const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** A number in so many bytes, little-endian. */
export function little(value: number | bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(8, length));
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return bytes.subarray(0, length);
}

/** BINUNICODE */
export const text = (value: string): Uint8Array => {
  const bytes = new TextEncoder().encode(value);
  return joined(op(0x58), little(bytes.length, 4), bytes);
};

/** BININT */
export const int = (value: number): Uint8Array => joined(op(0x4a), little(value, 4));

/** LONG1 of eight bytes */
export const long = (value: bigint): Uint8Array => joined(op(0x8a, 8), little(value, 8));

/** GLOBAL */
export const global = (module: string, name: string): Uint8Array =>
  new TextEncoder().encode(`c${module}\n${name}\n`);

/** MARK, the items, TUPLE */
export const tuple = (...items: readonly Uint8Array[]): Uint8Array => joined(op(0x28), ...items, op(0x74));

/** EMPTY_LIST, MARK, the items, APPENDS */
export const list = (...items: readonly Uint8Array[]): Uint8Array =>
  joined(op(0x5d, 0x28), ...items, op(0x65));

/** EMPTY_DICT, MARK, keys and values, SETITEMS */
export const dict = (...entries: readonly (readonly [string, Uint8Array])[]): Uint8Array =>
  joined(op(0x7d, 0x28), ...entries.flatMap(([key, value]) => [text(key), value]), op(0x75));

/** REDUCE of a function with arguments */
export const call = (callee: Uint8Array, ...args: readonly Uint8Array[]): Uint8Array =>
  joined(callee, tuple(...args), op(0x52));

/** PROTO 2, a value, STOP */
export const pickle = (...value: readonly Uint8Array[]): Uint8Array =>
  joined(op(0x80, 2), ...value, op(0x2e));

/** The persistent id of a storage, and the tensor that it is, or part of it. */
export function tensor(
  key: string,
  count: number,
  view: Readonly<{ start?: Uint8Array; shape: readonly Uint8Array[]; strides: readonly Uint8Array[] }>,
  type = "FloatStorage",
): Uint8Array {
  const id = tuple(text("storage"), global("torch", type), text(key), text("cpu"), int(count));
  const { start = int(0), shape, strides } = view;
  const rebuild = global("torch._utils", "_rebuild_tensor_v2");
  return call(rebuild, joined(id, op(0x51)), start, tuple(...shape), tuple(...strides), op(0x89), op(0x4e));
}

/** A vector of float32. */
export const vector = (key: string, count: number): Uint8Array =>
  tensor(key, count, { shape: [int(count)], strides: [int(1)] });
