import { Graph, type Value } from "#/graph/graph.ts";
import { operators } from "#/graph/operators.ts";
import { gemm } from "#/graph/ops/arithmetic.ts";
import { coded } from "#/weights/eight-bits.ts";
import { Session } from "./session.ts";

/** What products in 8 bits are worth on this machine. */
export type EightBitsWorth = Readonly<{
  /** Their error, in shares of the answer's deviation. */
  error: number;
  /** How many times as fast as in float32 they are. */
  gain: number;
}>;

const [rows, inputs, outputs] = [128, 1280, 640] as const;
/** Rows that are compared with the exact answer. */
const compared = 8;
/** Each is timed so often, in turns, and the shortest time counts: others may be at work. */
const turns = 7;
/** So often where they seem to gain too little: on a machine with much to do each of the first turns may have been disturbed. */
const mostTurns = 42;

/**
 * A product of matrices as the networks have them, once in float32 and once in 8 bits, both opened as weights are that were
 * copied. The numbers fill the 8 bits: a processor that adds in 16 is found out.
 *
 * @param threads as the networks have; 0 lets the runtime choose
 * @param enough the gain from which on it is not asked again
 */
export async function tryEightBits(threads: number, enough: number): Promise<EightBitsWorth> {
  const weight = numbers(outputs * inputs, 1);
  const x = numbers(rows * inputs, 2);
  const full = await opened(threads, (g, input) =>
    gemm(input, g.constant("float32", [...weight], [outputs, inputs])),
  );
  const fast = await opened(threads, (g, input) => product(g, input, weight));
  try {
    const feeds = { x: { dims: [rows, inputs], data: x } };
    let answer = new Float32Array();
    const timed = async (session: Session): Promise<number> => {
      const started = performance.now();
      const { y } = await session.run(feeds);
      const took = performance.now() - started;
      if (session === fast && y !== undefined) answer = new Float32Array(y.data);
      return took;
    };
    const gain = await gainOf({ full: () => timed(full), fast: () => timed(fast) }, enough);
    return { error: errorOf(answer, x, weight), gain };
  } finally {
    await full.release();
    await fast.release();
  }
}

/**
 * How many times as fast one piece of work is as another, by the shortest times of both.
 *
 * @param work does it once and says how long it took
 * @param enough the gain from which on the first turns are believed
 */
export async function gainOf(
  work: Readonly<Record<"full" | "fast", () => Promise<number>>>,
  enough: number,
): Promise<number> {
  let [full, fast] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < turns || (turn < mostTurns && full / fast < enough); turn += 1) {
    full = Math.min(full, await work.full());
    fast = Math.min(fast, await work.fast());
  }
  return full / fast;
}

/** x · Wᵀ in 8 bits, by the scales of the rows and of the outputs. */
function product(g: Graph, x: Value, weight: Float32Array): Value {
  const { codes, scales } = coded(weight, [outputs, inputs], 1);
  const worth = g.constant("float32", [1 / 127], []);
  const middle = g.constant("uint8", [128], []);
  const own = g.node("QuantizeLinear", [x, worth, middle], {}, { dims: x.dims, type: "uint8" });
  const weights = g.constant("int8", [...codes], [inputs, outputs]);
  return g.node(
    "MatMulIntegerToFloat",
    [own, weights, worth, g.constant("float32", [...scales]), middle],
    {},
    { dims: [rows, outputs], type: "float32", domain: "com.microsoft" },
  );
}

async function opened(threads: number, draw: (g: Graph, x: Value) => Value): Promise<Session> {
  const g = new Graph({ operators: operators.cpu });
  g.output("y", draw(g, g.input("x", "float32", [rows, inputs])));
  return Session.open(g, { device: "cpu", weights: "in-place", threads });
}

/** Numbers from -1 to 1, the same in every run (Marsaglia's xorshift). */
function numbers(count: number, seed: number): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

/** Of the first rows, against the product in doubles. */
function errorOf(answer: Float32Array, x: Float32Array, weight: Float32Array): number {
  let [wrong, whole] = [0, 0];
  for (let row = 0; row < compared; row += 1) {
    for (let out = 0; out < outputs; out += 1) {
      let exact = 0;
      for (let at = 0; at < inputs; at += 1)
        exact += (x[row * inputs + at] ?? 0) * (weight[out * inputs + at] ?? 0);
      wrong += ((answer[row * outputs + out] ?? Number.NaN) - exact) ** 2;
      whole += exact ** 2;
    }
  }
  return Math.sqrt(wrong / whole);
}
