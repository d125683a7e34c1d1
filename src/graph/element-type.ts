import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

/** Numbers of `TensorProto.DataType` (onnx.proto) of the element types inside a graph. */
export const onnxType = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e5m2: 19,
} as const satisfies Record<string, number>;

/** Element types inside a graph. */
export type ElementType = keyof typeof onnxType;

/**
 * The type that a weight's bytes are.
 *
 * @throws ModelError `dtype-unsupported` for whole numbers: a weight is a fraction
 */
export function weightType(ref: WeightRef): ElementType {
  switch (ref.dtype) {
    case "F16":
      return "float16";
    case "BF16":
      return "bfloat16";
    case "F8_E5M2":
      return "float8e5m2";
    case "F8_E4M3":
      return "float8e4m3fn";
    case "F32":
      return "float32";
    case "F64":
      return "float64";
    case "I64":
    case "I32":
    case "I16":
    case "I8":
    case "U64":
    case "U32":
    case "U16":
    case "U8":
    case "BOOL": {
      const message = `${basename(ref.path)}: ${ref.key} is stored as ${ref.dtype}; a weight is F64, F32, F16, BF16 or F8.`;
      throw new ModelError("dtype-unsupported", message, { path: ref.path, key: ref.key });
    }
  }
}
