import type { Dimension } from "./dimensions.ts";
import type { Attribute, Constant, Graph, Node, Weight } from "./graph.ts";

/**
 * A graph as text for people and for diffs: one line a node, in the order they run. A result is called after the weight
 * that was read last and its operation, so a change in one block renames nothing in the others; `^` is the line before,
 * `./` the module of this one. Casts of weights are left out: there is one for every matrix stored in another type, and vectors, which become part of
 * the graph, stand with the type of the file. Where something is added to weights, what is computed of them stands first.
 */
export function listing(graph: Graph): string {
  const names = new Names(graph);
  const port = ({ name, type, dims }: Graph["inputs"][number]): string => `${name} ${type}${shape(dims)}`;
  const weights = [...graph.weights.values()];
  return [
    `inputs:  ${graph.inputs.map(port).join(", ")}`,
    `outputs: ${graph.outputs.map(port).join(", ")}`,
    `names:   below ${names.prefix === "" ? "nothing" : names.prefix}`,
    `weights: ${count(weights)}`,
    `inline:  ${count(weights.filter(({ inline }) => inline))}`,
    `casts:   ${graph.casts.length}`,
    `nodes:   ${graph.nodes.length}`,
    "",
    ...changes(graph),
    ...graph.nodes.map((node) => names.line(node)),
    "",
  ].join("\n");
}

/** How weights are changed before all nodes, where they are: under the edges' own names, which are those of the tensors. */
function changes({ casts, constants }: Graph): readonly string[] {
  if (!casts.some(({ op }) => op === "Gather")) return [];
  const named = (edge: string): string => {
    const constant = constants.get(edge);
    return constant === undefined ? edge : values(constant);
  };
  return [
    ...casts.map(
      ({ op, inputs, outputs }) => `${outputs.join(", ")} = ${op}(${inputs.map(named).join(", ")})`,
    ),
    "",
  ];
}

const count = (weights: readonly Weight[]): string =>
  `${weights.length} tensors, ${weights.reduce((sum, { dims }) => sum + product(dims), 0)} values`;

/** Names edges while walking the nodes in order. */
class Names {
  /** What all weights' names begin with. */
  readonly prefix: string;
  readonly #graph: Graph;
  /** What is made of a weight before all nodes -> what it is made of. */
  readonly #stored: ReadonlyMap<string, string>;
  readonly #edges = new Map<string, string>();
  readonly #used = new Map<string, number>();
  #module = "";
  #previous: string | undefined;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.prefix = commonPrefix([...graph.weights.keys()]);
    const made = (edge: string): boolean => !graph.constants.has(edge);
    this.#stored = new Map(
      graph.casts.map(({ inputs, outputs }) => [outputs[0] ?? "", inputs.find(made) ?? ""]),
    );
  }

  line(node: Node): string {
    const written = Object.entries(node.attributes).map(([name, value]) => ` ${name}=${attribute(value)}`);
    const weight = node.inputs.map((edge) => this.#weight(edge)).find((found) => found !== undefined);
    if (weight !== undefined) this.#module = this.#short(weight).replace(/\.(weight|bias)$/, "");
    const inputs = node.inputs.map((edge) => this.#near(this.#input(edge)));
    const results = node.outputs.map((edge) => this.#name(edge, node.op));
    this.#previous = node.outputs.length === 1 ? node.outputs[0] : undefined;
    return `${results.join(", ")} = ${node.op}(${inputs.join(", ")})${written.join("")}`;
  }

  #short({ name }: Weight): string {
    return name.startsWith(this.prefix) ? name.slice(this.prefix.length) : name;
  }

  #near(name: string): string {
    const inside =
      this.#module !== "" && name.startsWith(this.#module) && /^[./]/.test(name.slice(this.#module.length));
    return inside ? `./${name.slice(this.#module.length + 1)}` : name;
  }

  #weight(edge: string): Weight | undefined {
    let source = edge;
    for (let from = this.#stored.get(source); from !== undefined; from = this.#stored.get(source))
      source = from;
    return this.#graph.weights.get(source);
  }

  #input(edge: string): string {
    if (edge === "") return "-";
    if (edge === this.#previous) return "^";
    const weight = this.#weight(edge);
    if (weight !== undefined) return `${this.#short(weight)} ${weight.ref.dtype}${shape(weight.dims)}`;
    const constant = this.#graph.constants.get(edge);
    if (constant !== undefined) return values(constant);
    return this.#edges.get(edge) ?? edge;
  }

  #name(edge: string, op: string): string {
    if (this.#graph.outputs.some(({ name }) => name === edge)) return edge;
    const plain = this.#module === "" ? op : `${this.#module}/${op}`;
    const count = (this.#used.get(plain) ?? 0) + 1;
    this.#used.set(plain, count);
    const name = count === 1 ? plain : `${plain}~${count}`;
    this.#edges.set(edge, name);
    return name;
  }
}

/** The longest beginning, ending with a dot, that all names share. */
function commonPrefix(names: readonly string[]): string {
  const [first = "", ...rest] = names;
  const shared = (prefix: string): boolean => rest.every((name) => name.startsWith(prefix));
  for (let dot = first.lastIndexOf("."); dot > 0; dot = first.lastIndexOf(".", dot - 1)) {
    if (shared(first.slice(0, dot + 1))) return first.slice(0, dot + 1);
  }
  return "";
}

const shape = (dims: readonly Dimension[]): string => `[${dims.join(",")}]`;

const product = (dims: readonly number[]): number => dims.reduce((result, n) => result * n, 1);

const values = ({ type, dims, values: list }: Constant): string =>
  list.length <= 8 ? `{${list.join(",")}}` : `${type}${shape(dims)}`;

function attribute(value: Attribute): string {
  if (typeof value === "number" || typeof value === "string") return String(value);
  if ("float" in value) return String(value.float);
  return `[${("floats" in value ? value.floats : value).join(",")}]`;
}
