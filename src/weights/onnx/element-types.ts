/** ONNX' numbers of element types (`TensorProto.DataType`), by the names that they have elsewhere. */
const names: Readonly<Record<number, string>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  8: "text",
  9: "bool",
  10: "float16",
  11: "float64",
  16: "bfloat16",
};

/** What a number of an element type means, for people where it is none that is known. */
export const elementTypeName = (number: number): string => names[number] ?? `type ${number}`;
