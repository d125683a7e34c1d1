import { BugError, ModelError } from "#/lib/errors.ts";
import type { WeightRef } from "#/weights/safetensors.ts";
import type { Operators } from "./operators.ts";

/** Element types inside a graph. */
export type ElementType =
  | "float32"
  | "float16"
  | "bfloat16"
  | "float8e5m2"
  | "float8e4m3fn"
  | "int64"
  | "bool";

/** A named edge of a graph. Carries its graph, so that an operator needs nothing else to add a node. */
export class Value {
  readonly graph: Graph;
  readonly name: string;
  readonly type: ElementType;

  constructor(graph: Graph, name: string, type: ElementType) {
    this.graph = graph;
    this.name = name;
    this.type = type;
  }
}

export type Attribute =
  | number
  | string
  | readonly number[]
  | Readonly<{ float: number }>
  | Readonly<{ floats: readonly number[] }>;

export type Node = Readonly<{
  op: string;
  /** "" is the standard ONNX operator set, else for example `com.microsoft`. */
  domain: string;
  /** Names of edges; "" leaves an optional input out. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}>;

/** A symbolic dimension has a name, a fixed one a number. */
export type Dimension = number | string;

export type Port = Readonly<{ name: string; type: ElementType; dims: readonly Dimension[] }>;

/** A weight that stays in its file, seen under `dims` (the same elements in the same order). */
export type ExternalWeight = Readonly<{
  name: string;
  type: ElementType;
  dims: readonly number[];
  ref: WeightRef;
}>;

export type Constant = Readonly<{
  name: string;
  type: "float32" | "int64";
  dims: readonly number[];
  values: readonly number[];
}>;

export type GraphOptions = Readonly<{
  /** Which node computes what: one table per provider (`operators.ts`). */
  operators: Operators;
}>;

/**
 * An ONNX graph under construction: nodes in the order they run, weights by their place in the user's file. Nothing
 * is read and nothing is written; `encode.ts` turns it into bytes, `listing.ts` into text.
 */
export class Graph {
  readonly operators: Operators;
  readonly inputs: Port[] = [];
  readonly outputs: Port[] = [];
  readonly nodes: Node[] = [];
  /** Casts and transpositions of weights. They come before all nodes: see `encode.ts`. */
  readonly casts: Node[] = [];
  readonly weights = new Map<string, ExternalWeight>();
  readonly constants = new Map<string, Constant>();
  readonly #stored = new Map<string, Value>();
  readonly #prepared = new Set<string>();
  #count = 0;

  constructor(options: GraphOptions) {
    this.operators = options.operators;
  }

  /** Declares an input; symbolic dimensions let one session serve all sizes. */
  input(name: string, type: ElementType, dims: readonly Dimension[]): Value {
    this.inputs.push({ name, type, dims });
    return new Value(this, name, type);
  }

  /** An edge by its name, for what was declared before. */
  edge(name: string, type: ElementType): Value {
    return new Value(this, name, type);
  }

  /** Declares an output; float16 results are handed out as float32, the only float type that crosses to us. */
  output(name: string, value: Value, dims: readonly Dimension[]): void {
    const type = isComputing(value.type) ? "float32" : value.type;
    const attributes: Node["attributes"] = value.type === type ? {} : { to: onnxType[type] };
    this.nodes.push({
      op: value.type === type ? "Identity" : "Cast",
      domain: "",
      inputs: [value.name],
      outputs: [name],
      attributes,
    });
    this.outputs.push({ name, type, dims });
  }

  /** Adds a node with one result. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Node["attributes"] = {},
    options: Readonly<{ domain?: string; type?: ElementType }> = {},
  ): Value {
    return this.nodeMany(op, inputs, 1, attributes, options)[0] as Value;
  }

  /** Adds a node with several results of one type. */
  nodeMany(
    op: string,
    inputs: readonly (Value | undefined)[],
    count: number,
    attributes: Node["attributes"] = {},
    options: Readonly<{ domain?: string; type?: ElementType }> = {},
  ): readonly Value[] {
    const type = options.type ?? inputs.find((input) => input !== undefined)?.type;
    if (type === undefined) throw new BugError(`The type of a ${op} node without inputs must be said.`);
    const outputs = Array.from({ length: count }, () => new Value(this, `${op}_${this.#next()}`, type));
    this.nodes.push({
      op,
      domain: options.domain ?? "",
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: outputs.map(({ name }) => name),
      attributes,
    });
    return outputs;
  }

  /** A constant of the graph itself; equal constants are one. */
  constant(
    type: "float32" | "int64",
    values: readonly number[],
    dims: readonly number[] = [values.length],
  ): Value {
    const name = `${type}[${dims.join(",")}]:${values.length > 8 ? this.#next() : values.join(",")}`;
    this.constants.set(name, { name, type, dims, values });
    return new Value(this, name, type);
  }

  /** A constant in the computing type of the graph. */
  number(values: readonly number[], dims: readonly number[] = [values.length]): Value {
    return this.computing(this.constant("float32", values, dims));
  }

  /** A value in the computing type of the graph. */
  computing(value: Value): Value {
    const { compute } = this.operators;
    return value.type === compute
      ? value
      : this.node("Cast", [value], { to: onnxType[compute] }, { type: compute });
  }

  /**
   * A weight in the computing type of the graph, or the one that is wanted. The file's bytes are mapped, not copied.
   *
   * @param ref  where it lies
   * @param dims the shape to see it under, if not the file's own; same number of elements
   */
  weight(
    ref: WeightRef,
    dims: readonly number[] = ref.shape,
    type: Operators["compute"] = this.operators.compute,
  ): Value {
    const stored = this.stored(ref, dims);
    return stored.type === type ? stored : this.#prepare("Cast", stored, type, { to: onnxType[type] });
  }

  /** A weight in the computing type with its axes in another order. */
  transposedWeight(ref: WeightRef, perm: readonly number[]): Value {
    const weight = this.weight(ref);
    return this.#prepare("Transpose", weight, weight.type, { perm });
  }

  /** A weight in the type the file has it in; `dims` as for {@link weight}. */
  stored(ref: WeightRef, dims: readonly number[] = ref.shape): Value {
    const place = `${ref.path}#${ref.key}@${ref.offset}[${dims.join(",")}]`;
    const known = this.#stored.get(place);
    if (known !== undefined) return known;
    const name = `${ref.key}${this.#sameKey(ref.key)}`;
    const type = weightType(ref);
    this.weights.set(name, { name, type, dims, ref });
    const value = new Value(this, name, type);
    this.#stored.set(place, value);
    return value;
  }

  /** What is made of a weight at every run, once however often it is asked for. */
  #prepare(op: string, weight: Value, type: ElementType, attributes: Node["attributes"]): Value {
    const output = `${weight.name}:${op === "Cast" ? type : op}`;
    if (!this.#prepared.has(output)) {
      this.#prepared.add(output);
      this.casts.push({ op, domain: "", inputs: [weight.name], outputs: [output], attributes });
    }
    return new Value(this, output, type);
  }

  #sameKey(key: string): string {
    let suffix = "";
    for (let n = 2; this.weights.has(key + suffix); n += 1) suffix = `~${n}`;
    return suffix;
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}

const isComputing = (type: ElementType): boolean => type === "float16";

function weightType(ref: WeightRef): ElementType {
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
    case "I64":
    case "I32":
    case "I16":
    case "I8":
    case "U64":
    case "U32":
    case "U16":
    case "U8":
    case "BOOL": {
      const message = `${ref.path}: ${ref.key} is stored as ${ref.dtype}; a weight is F32, F16, BF16 or F8.`;
      throw new ModelError("dtype-unsupported", message, { path: ref.path, key: ref.key });
    }
  }
}

/** Numbers of `TensorProto.DataType` (onnx.proto). */
export const onnxType = {
  float32: 1,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e5m2: 19,
} as const satisfies Record<ElementType, number>;
