import { BugError } from "#/lib/errors.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { changedWeight, type Parameter } from "./changed-weight.ts";
import { type Dimension, sameShape } from "./dimensions.ts";
import { type ElementType, onnxType, weightType } from "./element-type.ts";
import { freeSuffix } from "./free-suffix.ts";
import type { Operators } from "./operators.ts";

/** An edge of a graph as the outside sees it. A symbolic dimension has a name, a fixed one a number. */
export type Port = Readonly<{ name: string; type: ElementType; dims: readonly Dimension[] }>;

/** A named edge of a graph and its shape. Carries its graph, so that an operator needs nothing else to add a node. */
export class Value {
  readonly graph: Graph;
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly Dimension[];
  /** What a vector of int64 holds, where drawing knows it: shapes are computed from it. */
  readonly elements: readonly Dimension[] | undefined;

  constructor(graph: Graph, { name, type, dims }: Port, elements?: readonly Dimension[]) {
    this.graph = graph;
    this.name = name;
    this.type = type;
    this.dims = dims;
    this.elements = elements;
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

/** What a node gives, beside its name: shape, and type where it is not that of the first input; `types` of several that differ. */
export type Result = Readonly<{
  dims: readonly Dimension[];
  type?: ElementType;
  elements?: readonly Dimension[] | undefined;
  /** Which set of operators the node is from; the standard one when left out. */
  domain?: string;
  types?: readonly ElementType[];
}>;

/** A weight of a file, seen under `dims` (the same elements in the same order). */
export type Weight = Readonly<{
  name: string;
  /** The file's own type; that of the graph for an inline weight. */
  type: ElementType;
  dims: readonly number[];
  ref: WeightRef;
  /** Copied into the graph as a constant, converted and scaled. Else it stays in its file and is mapped. */
  inline: boolean;
}>;

export type Constant = Readonly<{
  name: string;
  type: "float32" | "int64" | "uint8" | "int8";
  dims: readonly number[];
  values: readonly number[];
}>;

/** A node by the values it reads and gives. */
type Drawn = Readonly<{
  op: string;
  inputs: readonly (Value | undefined)[];
  results: readonly Value[];
  attributes: Node["attributes"];
  domain?: string;
}>;

export type GraphOptions = Readonly<{
  /** Which node computes what: one table per provider (`operators.ts`). */
  operators: Operators;
}>;

/**
 * An ONNX graph under construction: nodes in the order they run, weights by their place in the user's file, a shape for
 * every edge. Nothing is read and nothing is written; `encode.ts` turns it into bytes, `listing.ts` into text.
 */
export class Graph {
  readonly operators: Operators;
  readonly inputs: Port[] = [];
  readonly outputs: Port[] = [];
  readonly nodes: Node[] = [];
  /** Casts, scalings, transpositions and sums of weights. They come before all nodes: see `encode.ts`. */
  readonly casts: Node[] = [];
  /** Every result of `nodes` and `casts` by its name. */
  readonly edges = new Map<string, Value>();
  /** Names of large results that are read at once: their memory is not kept for a later one of the same shape (`encode.ts`). */
  readonly passing = new Set<string>();
  readonly weights = new Map<string, Weight>();
  readonly constants = new Map<string, Constant>();
  readonly #known = new Map<string, Value>();
  readonly #prepared = new Map<string, Value>();

  constructor(options: GraphOptions) {
    this.operators = options.operators;
  }

  /** Declares an input; symbolic dimensions let one session serve all sizes. */
  input(name: string, type: ElementType, dims: readonly Dimension[]): Value {
    this.inputs.push({ name, type, dims });
    return new Value(this, { name, type, dims });
  }

  /** Declares an output; float16 results are handed out as float32, the only float type that crosses to us. */
  output(name: string, value: Value): void {
    const type = value.type === "float16" ? "float32" : value.type;
    const port = { name, type, dims: value.dims };
    this.#draw(this.nodes, {
      op: value.type === type ? "Identity" : "Cast",
      inputs: [value],
      results: [new Value(this, port)],
      attributes: value.type === type ? {} : { to: onnxType[type] },
    });
    this.outputs.push(port);
  }

  /** Adds a node with one result. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Node["attributes"],
    result: Result,
  ): Value {
    return this.nodeMany(op, inputs, attributes, { ...result, count: 1 })[0] as Value;
  }

  /** Adds a node with several results of one shape. */
  nodeMany(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Node["attributes"],
    { dims, elements, domain = "", count, types, ...options }: Result & Readonly<{ count: number }>,
  ): readonly Value[] {
    const type = options.type ?? inputs.find((input) => input !== undefined)?.type;
    if (type === undefined) throw new BugError(`The type of a ${op} node without inputs must be said.`);
    const port = (at: number): Port => ({
      name: `${op}_${this.edges.size + at}`,
      type: types?.[at] ?? type,
      dims,
    });
    const results = Array.from({ length: count }, (_, at) => new Value(this, port(at), elements));
    this.#draw(this.nodes, { op, inputs, results, attributes, domain });
    return results;
  }

  /** A constant of the graph itself; equal constants are one. */
  constant(
    type: Constant["type"],
    values: readonly number[],
    dims: readonly number[] = [values.length],
  ): Value {
    const listed = values.join(",");
    const name = `${type}[${dims.join(",")}]:${values.length > 8 ? Bun.hash(listed) : listed}`;
    this.constants.set(name, { name, type, dims, values });
    const elements = type === "int64" && dims.length === 1 ? values : undefined;
    return new Value(this, { name, type, dims }, elements);
  }

  /** A constant in the computing type of the graph. */
  number(values: readonly number[], dims: readonly number[] = [values.length]): Value {
    return this.computing(this.constant("float32", values, dims));
  }

  /** A value in the computing type of the graph. */
  computing(value: Value): Value {
    return this.cast(value, this.operators.compute);
  }

  /** A value in another type. */
  cast(value: Value, type: ElementType): Value {
    if (value.type === type) return value;
    return this.node("Cast", [value], { to: onnxType[type] }, { dims: value.dims, type });
  }

  /**
   * A weight in the computing type of the graph, or the one that is wanted, times its scale, and with the differences to
   * it. A matrix stays in its file, mapped and not copied, and is cast at every run; a vector, which is next to nothing,
   * becomes a constant of the graph: each cast costs every pass of the runtime's optimiser.
   *
   * @param parameter where it lies, and what is added
   * @param dims the shape to see it under, if not the file's own; same number of elements
   * @throws ModelError `dtype-unsupported`
   */
  weight(
    parameter: Parameter,
    dims: readonly number[] = parameter.shape,
    type: Operators["compute"] = this.operators.compute,
  ): Value {
    const { changes = [] } = parameter;
    if (changes.length === 0) return this.#plainWeight(parameter, dims, type);
    const changed = changedWeight(this, this.exactWeight(parameter, parameter.shape), changes);
    if (sameShape(changed.dims, dims)) return this.#prepareCast(changed, type);
    const shape = this.constant("int64", dims);
    return this.#prepareCast(this.prepare("Reshape", [changed, shape], { type: changed.type, dims }), type);
  }

  /** A weight in float32 whatever the graph computes in, without the differences to it; `dims` as for {@link weight}. */
  exactWeight(ref: WeightRef, dims: readonly number[]): Value {
    return this.#plainWeight(ref, dims, "float32");
  }

  /** The bytes of a tensor as float32 numbers from 0 to 255; `dims` as for {@link weight}. */
  exactCodes(ref: WeightRef, dims: readonly number[]): Value {
    if (ref.shape.length < 2) return this.#place(ref, dims, "float32", true);
    return this.#prepareCast(this.stored(ref, dims, "uint8"), "float32");
  }

  /** A small tensor of any shape as a constant in float32. */
  inlineWeight(ref: WeightRef): Value {
    weightType(ref);
    return this.#place(ref, ref.shape, "float32", true);
  }

  #plainWeight(ref: WeightRef, dims: readonly number[], type: Operators["compute"]): Value {
    if (ref.shape.length < 2) {
      weightType(ref);
      return this.#place(ref, dims, type, true);
    }
    const stored = this.stored(ref, dims);
    const { scale = 1 } = ref;
    if (scale === 1) return this.#prepareCast(stored, type);
    // In float32 whatever the graph computes in: a scale may be too small for a half.
    const exact = this.#prepareCast(stored, "float32");
    const scaled = this.prepare("Mul", [exact, this.constant("float32", [scale])], exact);
    return this.#prepareCast(scaled, type);
  }

  /** A weight in the computing type with its axes in another order. */
  transposedWeight(parameter: Parameter, perm: readonly number[]): Value {
    const weight = this.weight(parameter);
    const dims = perm.map((axis) => weight.dims[axis] ?? 1);
    return this.prepare("Transpose", [weight], { type: weight.type, dims }, { perm });
  }

  /** A weight as the file has it, not yet scaled, or its bytes under another type; `dims` as for {@link weight}. */
  stored(ref: WeightRef, dims: readonly number[] = ref.shape, type: ElementType = weightType(ref)): Value {
    return this.#place(ref, dims, type, false);
  }

  #place(ref: WeightRef, dims: readonly number[], type: ElementType, inline: boolean): Value {
    const place = `${ref.path}#${ref.key}@${ref.offset}${type}[${dims.join(",")}]`;
    const known = this.#known.get(place);
    if (known !== undefined) return known;
    const name = ref.key + freeSuffix(ref.key, this.weights);
    this.weights.set(name, { name, type, dims, ref, inline });
    const value = new Value(this, { name, type, dims });
    this.#known.set(place, value);
    return value;
  }

  #prepareCast(weight: Value, type: ElementType): Value {
    if (weight.type === type) return weight;
    return this.prepare("Cast", [weight], { type, dims: weight.dims }, { to: onnxType[type] });
  }

  /** What is made of a weight, the first of `inputs` that is no constant, at every run, before all nodes; once however often it is asked for. */
  prepare(
    op: string,
    inputs: readonly [Value, ...Value[]],
    { type, dims }: Pick<Port, "type" | "dims">,
    attributes: Node["attributes"] = {},
  ): Value {
    const what = JSON.stringify([op, inputs.map(({ name }) => name), attributes]);
    const known = this.#prepared.get(what);
    if (known !== undefined) return known;
    const { name: subject } = inputs.find(({ name }) => !this.constants.has(name)) ?? inputs[0];
    const wanted = `${subject}:${op === "Cast" ? type : op}`;
    const name = wanted + freeSuffix(wanted, this.edges);
    const result = new Value(this, { name, type, dims });
    this.#prepared.set(what, result);
    this.#draw(this.casts, { op, inputs, results: [result], attributes });
    return result;
  }

  #draw(nodes: Node[], { op, inputs, results, attributes, domain = "" }: Drawn): void {
    nodes.push({
      op,
      domain,
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: results.map(({ name }) => name),
      attributes,
    });
    for (const result of results) this.edges.set(result.name, result);
  }
}
