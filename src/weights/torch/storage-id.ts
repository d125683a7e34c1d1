import type { DType } from "../dtype.ts";

/** A storage that a pickle names: where its bytes are is for the file around it to say. */
export type StorageId = Readonly<{
  kind: "storage";
  key: string;
  /** Element type by torch's name; `uint8` for a storage without one, which is counted in bytes. */
  dtype: string;
  /** Number of elements. */
  count: number;
  /** First element of the window that this is of a storage; 0 but in very old files. */
  start: number;
}>;

/** Storage classes of `torch` and the element type that each has. */
export const storageTypes: Readonly<Record<string, string>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  UntypedStorage: "uint8",
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
  QInt8Storage: "qint8",
  QUInt8Storage: "quint8",
  QInt32Storage: "qint32",
};

const types: Readonly<Record<string, DType>> = {
  float64: "F64",
  double: "F64",
  float32: "F32",
  float: "F32",
  float16: "F16",
  half: "F16",
  bfloat16: "BF16",
  float8_e5m2: "F8_E5M2",
  float8_e4m3fn: "F8_E4M3",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint64: "U64",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
};

/** Torch's name of an element type as safetensors calls it; undefined for one that is not read. */
export const dtypeOf = (name: string): DType | undefined =>
  Object.hasOwn(types, name) ? types[name] : undefined;
