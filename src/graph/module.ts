import { ModelError } from "#/lib/errors.ts";
import { type JoinedLora, type JoinedLoras, noLoras } from "#/weights/derived/joined-loras.ts";
import { type Differences, noDifferences } from "#/weights/differences.ts";
import type { CodedWeight, CodedWeights } from "#/weights/eight-bits.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { checkDifference, type Parameter } from "./changed-weight.ts";
import type { Dimension } from "./dimensions.ts";
import type { Graph, Value } from "./graph.ts";
import { gather, mul } from "./ops/arithmetic.ts";

/** The weights a network is drawn from, under the network's own names. */
export type WeightSource = Readonly<{
  /** For messages: which file, or which part of it. */
  title: string;
  tensors: ReadonlyMap<string, WeightRef>;
  /** Every tensor's name and every prefix of one that ends before a dot. */
  names: ReadonlySet<string>;
  /** The low-rank branches of a set of LoRAs, joined for each module they attach to. */
  loras: JoinedLoras;
  /** Full-size differences to single tensors. */
  differences: Differences;
  /** Weights that there are in 8 bits as well, by their modules: those that nothing is added to, but for factors beside them. */
  coded: CodedWeights;
}>;

/**
 * Weights to draw a network from.
 *
 * @param title which file or part of a file, for messages
 */
export function weightSource(
  title: string,
  tensors: ReadonlyMap<string, WeightRef>,
  loras: JoinedLoras = noLoras,
  differences: Differences = noDifferences,
): WeightSource {
  const names = new Set<string>();
  for (const key of tensors.keys()) {
    for (let dot = key.length; dot > 0; dot = key.lastIndexOf(".", dot - 1)) names.add(key.slice(0, dot));
  }
  return { title, tensors, names, loras, differences, coded: new Map() };
}

/**
 * A place in a network: a key prefix plus the graph it is drawn into. The checkpoint answers what exists and how large
 * it is, so no width, depth or optional part is written down anywhere else.
 */
export class Module {
  readonly graph: Graph;
  readonly path: string;
  readonly #source: WeightSource;
  /** What several modules of one network use and is drawn once. */
  readonly #shared: Map<string, Value>;

  constructor(graph: Graph, source: WeightSource, path = "", shared = new Map<string, Value>()) {
    this.graph = graph;
    this.#source = source;
    this.path = path;
    this.#shared = shared;
  }

  /** A child by its name in the checkpoint: `m.at("in_layers.2")`. */
  at(child: string | number): Module {
    return new Module(this.graph, this.#source, this.#key(String(child)), this.#shared);
  }

  /** Whether the checkpoint has this tensor, or anything below this name. */
  has(child: string): boolean {
    return this.#source.names.has(this.#key(child));
  }

  /** The first tensor below this place whose name ends like this; its name from here. */
  keyEnding(ending: string): string | undefined {
    const start = this.path === "" ? "" : `${this.path}.`;
    const keys = this.#source.tensors.keys();
    return keys.find((key) => key.startsWith(start) && key.endsWith(ending))?.slice(start.length);
  }

  /** How many children 0, 1, 2 ... exist without a gap. */
  count(child: string): number {
    let n = 0;
    while (this.has(`${child}.${n}`)) n += 1;
    return n;
  }

  /** @throws ModelError `weight-missing` naming the key */
  ref(name: string): WeightRef {
    const key = this.#key(name);
    const ref = this.#source.tensors.get(key);
    if (ref !== undefined) return ref;
    throw new ModelError("weight-missing", `${this.#source.title} lacks the tensor ${key}.`, {
      path: this.#source.title,
      key,
    });
  }

  /**
   * A dimension of a tensor.
   *
   * @throws ModelError `weight-missing` or, where the tensor has fewer axes, `weight-shape`
   */
  size(name: string, axis: number): number {
    const { shape } = this.ref(name);
    const size = shape[axis];
    if (size === undefined) throw this.misshapen(name, `at least ${axis + 1} axes`);
    return size;
  }

  /**
   * A tensor that must have this very shape.
   *
   * @throws ModelError `weight-missing` or `weight-shape`
   */
  shaped(name: string, shape: readonly number[]): WeightRef {
    const ref = this.ref(name);
    if (ref.shape.join() !== shape.join()) throw this.misshapen(name, `the shape [${shape.join(", ")}]`);
    return ref;
  }

  /**
   * A tensor and the differences to it, to be read by `graph.weight`.
   *
   * @throws ModelError `weight-missing`, or what {@link checkDifference} throws
   */
  parameter(name: string): Parameter {
    const ref = this.ref(name);
    const key = this.#key(name);
    const differences = this.#source.differences.tensors.get(key) ?? [];
    const loras = this.#source.loras.changes?.get(key) ?? [];
    if (differences.length + loras.length === 0) return ref;
    for (const difference of differences) checkDifference(this.#source.title, ref, difference);
    const changes = [
      ...loras.map((lora) => ({ lora, strength: this.#strength(this.#loraStrengths(), lora.owner) })),
      ...differences.map((difference) => ({
        difference,
        strength: this.#strength(this.#differenceStrengths(), difference.owner),
      })),
    ];
    return { ...ref, changes };
  }

  /** A tensor in the computing type, seen under `dims` if given. */
  weight(name: string, dims?: readonly number[]): Value {
    return this.graph.weight(this.parameter(name), dims);
  }

  /** A vector such as a bias, which must have this many values, to be read by `graph.weight`. */
  vectorParameter(name: string, length: Dimension | undefined): Parameter {
    const { shape } = this.ref(name);
    if (shape.length !== 1 || shape[0] !== length) throw this.misshapen(name, `${length} values`);
    return this.parameter(name);
  }

  /** A vector in the computing type; see {@link vectorParameter}. */
  vector(name: string, length: Dimension | undefined): Value {
    return this.graph.weight(this.vectorParameter(name, length));
  }

  /** The joined LoRA factors on this module, if it has any. */
  get lora(): JoinedLora | undefined {
    return this.#source.loras.modules.get(this.path);
  }

  /** The weight of this module in 8 bits, if it is to be computed with in these. */
  get coded(): CodedWeight | undefined {
    return this.#source.coded.get(this.path);
  }

  /**
   * The strength of each rank of {@link lora} times its scale, in the computing type: looked up in the graph's one input of
   * strengths, once for all modules that are joined from the same ranks.
   *
   * @param axes axes of length 1 behind the ranks: [R] for rows, [R, 1, 1] for features
   */
  rankStrengths({ owners, scales }: JoinedLora, axes: readonly 1[] = []): Value {
    const pattern = `${owners.join(",")}|${scales.join(",")}|${axes.length}`;
    return this.once(pattern, () => {
      const { graph } = this;
      const dims = [owners.length, ...axes];
      const each = gather(this.#loraStrengths(), graph.constant("int64", owners, dims));
      if (scales.every((scale) => scale === 1)) return graph.computing(each);
      const same = scales.every((scale) => scale === scales[0]);
      const factor = graph.constant("float32", same ? scales.slice(0, 1) : scales, same ? [1] : dims);
      // In float32 whatever the graph computes in: a scale may be too small for a half.
      return graph.computing(mul(each, factor));
    });
  }

  /** The error for a tensor whose shape does not fit. */
  misshapen(name: string, expected: string): ModelError {
    const { shape } = this.ref(name);
    const key = this.#key(name);
    const message = `${this.#source.title}: ${key} should have ${expected} but its shape is [${shape.join(", ")}].`;
    return new ModelError("weight-shape", message, { path: this.#source.title, key, found: [...shape] });
  }

  #loraStrengths(): Value {
    const { count } = this.#source.loras;
    return this.once("lora strengths", () => this.graph.input("lora_strengths", "float32", [count]));
  }

  #differenceStrengths(): Value {
    const { count } = this.#source.differences;
    return this.once("difference strengths", () =>
      this.graph.input("difference_strengths", "float32", [count]),
    );
  }

  /** One of an input of strengths, in float32 [1], before all nodes: what it changes is a weight. */
  #strength(all: Value, owner: number): Value {
    const { graph } = this;
    const index = graph.constant("int64", [owner]);
    return graph.prepare("Gather", [all, index], { type: "float32", dims: [1] }, { axis: 0 });
  }

  /** What several modules of a network use: drawn where it is asked for first. */
  once(name: string, draw: () => Value): Value {
    const value = this.#shared.get(name) ?? draw();
    this.#shared.set(name, value);
    return value;
  }

  /** The error for weights that are each as they may be, and do not fit together. */
  misfit(what: string): ModelError {
    const message = `${this.#source.title}: the module ${this.path} ${what}.`;
    return new ModelError("weight-shape", message, { path: this.#source.title, key: this.path });
  }

  #key(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}
