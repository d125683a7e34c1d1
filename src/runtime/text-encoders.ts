import { networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Ask } from "./ask.ts";
import type { IntTensor } from "./session.ts";

/** What stands in each of the 77 places: a token's id, or a vector of the encoder's own width in its place. */
export type TextTokens = readonly (number | Float32Array)[];

/** Tokens [77] of N sections -> the encoder's answer: hidden states [N, 77, w], pooled vectors [N, p]. */
export type TextEncoder = (
  ...sections: readonly TextTokens[]
) => Promise<Readonly<{ hidden: Tensor; pooled?: Tensor }>>;

const endToken = 49407;

/** SDXL's two encoders, asked with ids alone; no vector may stand among them. */
export const textEncoders = (ask: Ask): Readonly<{ textL: TextEncoder; textG: TextEncoder }> => ({
  textL: (...sections) => ask(networks["text-l"], { ids: idsOf(sections) }),
  textG: (...sections) => ask(networks["text-g"], { ids: idsOf(sections), end: endOf(sections) }),
});

/**
 * The same for a job with textual inversions.
 *
 * @param widths of the vectors of each encoder
 */
export const textEncodersWithVectors = (
  ask: Ask,
  widths: Readonly<{ l: number; g: number }>,
): Readonly<{ textL: TextEncoder; textG: TextEncoder }> => ({
  textL: (...sections) =>
    ask(networks["text-l-vectors"], { ids: idsOf(sections), ...vectorsOf(sections.flat(), widths.l) }),
  textG: (...sections) =>
    ask(networks["text-g-vectors"], {
      ids: idsOf(sections),
      ...vectorsOf(sections.flat(), widths.g),
      end: endOf(sections),
    }),
});

/** Any id will do where a vector stands. */
const idsOf = (sections: readonly TextTokens[]): IntTensor =>
  whole(
    [sections.length, sections[0]?.length ?? 0],
    sections.flat().map((token) => (typeof token === "number" ? token : 0)),
  );

const endOf = (sections: readonly TextTokens[]): IntTensor =>
  whole(
    [sections.length],
    sections.map((tokens) => Math.max(0, tokens.indexOf(endToken))),
  );

/** The vectors [V, w], at least one row, and which row of the looked-up tokens and these each place is [77]. */
function vectorsOf(tokens: TextTokens, width: number): Readonly<{ vectors: Tensor; places: IntTensor }> {
  const rows = tokens.filter((token) => typeof token !== "number");
  const count = Math.max(1, rows.length);
  const data = new Float32Array(count * width);
  for (const [at, row] of rows.entries()) data.set(row, at * width);
  let next = tokens.length;
  const places = tokens.map((token, at) => {
    if (typeof token === "number") return at;
    next += 1;
    return next - 1;
  });
  return { vectors: { dims: [count, width], data }, places: whole([tokens.length], places) };
}

const whole = (dims: readonly number[], numbers: readonly number[]): IntTensor => ({
  dims,
  data: BigInt64Array.from(numbers, BigInt),
});
