import { invalidFile, quoted } from "../model-file.ts";
import type { PickleValue, TensorValue } from "./pickle-value.ts";

/** The tensors of a pickle by their names, and the plain values beside them. */
export type Named = Readonly<{
  tensors: ReadonlyMap<string, TensorValue>;
  texts: ReadonlyMap<string, string>;
}>;

/** Names under which training programs keep the tensors, in the order they are looked for. */
const wrappers = ["state_dict", "model", "params_ema", "params-ema", "params", "model_state_dict", "net"];

/** Most values that are gone through, and how deep they may lie. */
const maxVisits = 250_000;
const maxDepth = 32;

/** Longest name of a tensor; real ones have about 90 letters. */
const longestName = 1000;

/** Longest text beside the tensors that is kept. */
const longestText = 10_000;

/**
 * Finds the tensors in what a pickle holds. While there is none at the root, goes down into what training programs call
 * it; from there names are joined with dots, and places in lists and tuples are names too. A `module.` before all of
 * them (from training on several devices) goes.
 *
 * @throws ModelError `header-invalid` where an object stands among the tensors, naming its class, or if there are none
 */
export function tensorsOf(path: string, root: PickleValue): Named {
  const found = new Search(path);
  found.add("", unwrapped(root));
  if (found.tensors.size === 0) throw invalidFile(path, "its pickle holds no tensors");
  return { tensors: withoutModule(found.tensors), texts: found.texts };
}

type Place = Readonly<{ name: string; value: PickleValue; depth: number }>;

/** Goes through values without recursion; each may be named any number of times, all of them together not. */
class Search {
  readonly tensors = new Map<string, TensorValue>();
  readonly texts = new Map<string, string>();
  readonly #path: string;
  #visits = 0;

  constructor(path: string) {
    this.#path = path;
  }

  add(name: string, value: PickleValue): void {
    if (isKind(value, "opaque")) throw foreign(this.#path, value.name, name);
    const waiting: Place[] = [{ name, value, depth: 0 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (isKind(next.value, "tensor")) this.#keep(next.name, next.value);
      else if (typeof next.value !== "object" || next.value === null) this.#keepText(next);
      else for (const child of this.#children(next)) waiting.push(child);
    }
  }

  /** What an object is that stands among tensors cannot be passed over; beside dictionaries of them it is a setting. */
  #children({ name, value, depth }: Place): readonly Place[] {
    const children = childrenOf(value);
    this.#visits += children.length;
    if (this.#visits > maxVisits || depth === maxDepth)
      throw invalidFile(
        this.#path,
        "its pickle nests values deeper, or names more of them, than a model can",
      );
    const among = children.some(([, item]) => isKind(item, "tensor"));
    const places: Place[] = [];
    for (const [key, item] of children) {
      const own = name === "" ? key : `${name}.${key}`;
      if (own.length > longestName)
        throw invalidFile(this.#path, `its pickle holds a name of ${own.length} letters`);
      if (!isKind(item, "opaque")) places.push({ name: own, value: item, depth: depth + 1 });
      else if (among) throw foreign(this.#path, item.name, own);
    }
    return places.reverse();
  }

  #keep(name: string, tensor: TensorValue): void {
    if (this.tensors.has(name))
      throw invalidFile(this.#path, `its pickle holds the name ${quoted(name)} twice`, name);
    this.tensors.set(name, tensor);
  }

  #keepText({ name, value }: Place): void {
    if (typeof value === "string" && value.length <= longestText) this.texts.set(name, value);
    else if (typeof value === "number" || typeof value === "boolean") this.texts.set(name, String(value));
  }
}

function foreign(path: string, name: string, where: string): Error {
  const place = where === "" ? "as a whole" : `as ${quoted(where)}`;
  const what = `its pickle holds a Python object (${quoted(name)}) ${place}, which is not opened`;
  return invalidFile(path, `${what}; convert it to safetensors`);
}

function unwrapped(root: PickleValue): PickleValue {
  let value = root;
  for (let depth = 0; depth < maxDepth && isKind(value, "dict"); depth += 1) {
    const entries = new Map(value.entries);
    if ([...entries.values()].some((item) => isKind(item, "tensor"))) return value;
    const inner = wrappers.map((name) => entries.get(name)).find((item) => isKind(item, "dict"));
    if (inner === undefined) return value;
    value = inner;
  }
  return value;
}

type Objects = Exclude<PickleValue, null | boolean | number | bigint | string>;

const isKind = <Kind extends Objects["kind"]>(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<Objects, { kind: Kind }> => typeof value === "object" && value?.kind === kind;

function childrenOf(value: PickleValue): readonly (readonly [string, PickleValue])[] {
  if (typeof value !== "object" || value === null) return [];
  if (value.kind === "dict")
    return value.entries.flatMap(([key, item]) =>
      typeof key === "string" || typeof key === "number" ? [[String(key), item] as const] : [],
    );
  return "items" in value ? value.items.map((item, index) => [String(index), item] as const) : [];
}

function withoutModule(tensors: ReadonlyMap<string, TensorValue>): ReadonlyMap<string, TensorValue> {
  const prefix = "module.";
  if (![...tensors.keys()].every((name) => name.startsWith(prefix))) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
