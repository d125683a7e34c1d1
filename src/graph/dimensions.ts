import { BugError } from "#/lib/errors.ts";

/**
 * A length of an axis: a number, or an expression of the names that a graph's inputs declare, such as `N*h*w` or
 * `ceil(h/2)`. Expressions are canonical, so equal lengths are equal texts: a product has its number first and its
 * factors in the order of their characters, and a rounding of a rounding is one rounding.
 */
export type Dimension = number | string;

/** A product: a number times indivisible expressions, which are sorted. */
type Monomial = Readonly<{ number: number; factors: readonly string[] }>;

function parse(dim: Dimension): Monomial {
  if (typeof dim === "number") return { number: dim, factors: [] };
  const parts: string[] = [""];
  let depth = 0;
  for (const character of dim) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character === "*" && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  const [first = "", ...rest] = parts;
  return /^\d+$/.test(first) ? { number: Number(first), factors: rest } : { number: 1, factors: parts };
}

function format({ number, factors }: Monomial): Dimension {
  if (factors.length === 0 || number === 0) return number;
  return [...(number === 1 ? [] : [String(number)]), ...factors].join("*");
}

/** The product of lengths; 1 of none. */
export function product(dims: readonly Dimension[]): Dimension {
  const parts = dims.map(parse);
  const number = parts.reduce((result, part) => result * part.number, 1);
  return format({ number, factors: parts.flatMap(({ factors }) => factors).toSorted() });
}

/** a / b where that is a length whatever the names stand for, else undefined. */
export function quotient(a: Dimension, b: Dimension): Dimension | undefined {
  const [above, below] = [parse(a), parse(b)];
  const factors = [...above.factors];
  for (const factor of below.factors) {
    const at = factors.indexOf(factor);
    if (at === -1) return undefined;
    factors.splice(at, 1);
  }
  const number = above.number / below.number;
  return Number.isSafeInteger(number) ? format({ number, factors }) : undefined;
}

/** The sum of lengths; what is itself a sum is taken apart. */
export function sum(dims: readonly Dimension[]): Dimension {
  const terms = dims.flatMap(termsOf);
  const symbols = terms.filter((dim) => typeof dim === "string").toSorted();
  const number = terms.reduce((result: number, dim) => (typeof dim === "number" ? result + dim : result), 0);
  const [only] = symbols;
  if (only === undefined) return number;
  if (symbols.length === 1 && number === 0) return only;
  return `(${[...symbols, ...(number === 0 ? [] : [number])].join("+")})`;
}

/** The terms of a sum as {@link sum} writes one; anything else is one term. */
function termsOf(dim: Dimension): readonly Dimension[] {
  const inner = /^\(([^()*]+)\)$/.exec(String(dim))?.[1];
  if (inner === undefined) return [dim];
  return inner.split("+").map((term) => (/^-?\d+$/.test(term) ? Number(term) : term));
}

/** floor((dim + offset) / divisor): how many strides fit into a length. */
export function strides(dim: Dimension, offset: number, divisor: number): Dimension {
  const { number, factors } = parse(dim);
  if (factors.length === 0) return Math.floor((number + offset) / divisor);
  if (number % divisor === 0)
    return sum([format({ number: number / divisor, factors }), Math.floor(offset / divisor)]);
  const name = offset === 0 ? "floor" : offset === divisor - 1 ? "ceil" : undefined;
  if (name === undefined) return `floor((${dim}+${offset})/${divisor})`;
  const inner = new RegExp(`^${name}\\(([^()]+)/(\\d+)\\)$`).exec(String(dim));
  const [of, by] = inner === null ? [dim, divisor] : [inner[1], Number(inner[2]) * divisor];
  return `${name}(${of}/${by})`;
}

/** By what a length has been divided on its way: 4 for `ceil(h/4)`, 1 for what was not. */
export const shrunk = (dim: Dimension): number => Number(/\/(\d+)\)$/.exec(String(dim))?.[1] ?? 1);

/** How a convolution walks: ONNX's attributes of `Conv`, two axes. */
export type Window = Readonly<{
  kernel_shape: readonly [number, number];
  /** top, left, bottom, right */
  pads: readonly [number, number, number, number];
  strides: readonly [number, number];
}>;

/** The shape [N, channels, H', W'] of what a convolution makes of [N, C, H, W]. */
export function convolved(dims: readonly Dimension[], channels: number, window: Window): Dimension[] {
  const [batch = 1, , height = 1, width = 1] = dims;
  const [top, left, bottom, right] = window.pads;
  const [tall, wide] = window.kernel_shape;
  const [down, across] = window.strides;
  const rows = strides(height, top + bottom - tall + down, down);
  return [batch, channels, rows, strides(width, left + right - wide + across, across)];
}

/** Whether two shapes are the same whatever the names stand for. */
export const sameShape = (a: readonly Dimension[], b: readonly Dimension[]): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** The common shape of two shapes, axes of length 1 stretched (ONNX's multidirectional broadcasting). */
export function broadcast(a: readonly Dimension[], b: readonly Dimension[]): Dimension[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [left = 1, right = 1] = [a[axis - rank + a.length], b[axis - rank + b.length]];
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new BugError(`${shapeText(a)} and ${shapeText(b)} cannot be stretched to one shape.`);
  });
}

/**
 * The shape that a Reshape gives: 0 keeps an axis, -1 is what is left.
 *
 * @throws BugError if the elements do not fit
 */
export function reshaped(dims: readonly Dimension[], wanted: readonly Dimension[]): Dimension[] {
  const kept = wanted.map((dim, axis) => (dim === 0 ? (dims[axis] ?? 0) : dim));
  const rest = quotient(product(dims), product(kept.filter((dim) => dim !== -1)));
  const open = kept.filter((dim) => dim === -1).length;
  if (rest === undefined || open > 1 || (open === 0 && rest !== 1))
    throw new BugError(`${shapeText(dims)} cannot be seen as ${shapeText(wanted)}.`);
  return kept.map((dim) => (dim === -1 ? rest : dim));
}

/** A shape for people. */
export const shapeText = (dims: readonly Dimension[]): string => `[${dims.join(", ")}]`;
