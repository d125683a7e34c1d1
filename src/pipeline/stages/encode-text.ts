import { RequestError } from "#/lib/errors.ts";
import type { TextEncoder } from "#/runtime/text-encoders.ts";
import { concat, isFiniteThroughout, type Tensor } from "#/tensor/tensor.ts";
import type { Manners } from "../pause.ts";
import { applyWeights } from "../text/apply-weights.ts";
import { eachSection, emptySection, type Section, type Vocabulary } from "../text/sections.ts";

/** What the UNet is told: rows of text [1, T, L + G] and the pooled vector [1, P]. */
export type Conditioning = Readonly<{ context: Tensor; pooled: Tensor }>;

export type TextEncoders = Vocabulary & Readonly<{ textL: TextEncoder; textG: TextEncoder }>;

/**
 * Encodes several texts and joins them: contexts one after the other on the token axis, pooled vectors of the first
 * `topK` texts summed (not averaged). Fooocus conditions on style lines this way instead of joining the words.
 *
 * @param cached one text's conditioning, from wherever it is kept
 */
export async function encodeTexts(
  texts: readonly string[],
  topK: number,
  cached: (text: string) => Promise<Conditioning>,
): Promise<Conditioning> {
  const parts: Conditioning[] = [];
  for (const text of texts) parts.push(await cached(text));
  const pooled = parts.slice(0, Math.max(1, topK)).map((part) => part.pooled);
  const [first, ...rest] = pooled;
  if (first === undefined) throw new RangeError("no text to encode");
  const sum = first.data.slice();
  for (const { data } of rest)
    for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] ?? 0) + (data[i] ?? 0);
  return {
    context: concat(
      parts.map((part) => part.context),
      1,
    ),
    pooled: { dims: first.dims, data: sum },
  };
}

/**
 * One text: its sections through both encoders, weighted, joined on the token axis; L's channels come before G's. The
 * pooled vector is that of the first section, without weights.
 *
 * @param field the request's field that the text is from, for messages
 * @throws RequestError `invalid-value` where the text's weights leave no numbers; what the encoders answer are numbers
 */
export async function encodeText(
  text: string,
  encoders: TextEncoders,
  field: "prompt" | "negative_prompt" = "prompt",
  { pause = () => undefined, tell = () => undefined }: Manners = {},
): Promise<Conditioning> {
  const sections: Section[] = [];
  for (const made of eachSection(text, encoders)) {
    if (made !== undefined) sections.push(made);
    const others = pause();
    if (others !== undefined) await others;
  }
  await pause();
  const weighted = sections.some((section) => weightsIn(section).some((weight) => weight !== 1));
  const empty = weighted ? await encodeSection(emptySection(), encoders) : undefined;
  const contexts: Tensor[] = [];
  let pooled: Tensor | undefined;
  for (const [at, section] of sections.entries()) {
    await pause();
    const encoded = await encodeSection(section, encoders);
    pooled ??= encoded.pooled;
    const l = empty === undefined ? encoded.l : applyWeights(encoded.l, empty.l, section.weights);
    const g = empty === undefined ? encoded.g : applyWeights(encoded.g, empty.g, section.weightsG);
    for (const [encoder, { data }] of [
      ["L", l],
      ["G", g],
    ] as const)
      if (!isFiniteThroughout(data)) throw tooHeavy(text, section, encoder, field);
    contexts.push(concat([l, g], 2));
    tell(at + 1, sections.length);
  }
  if (pooled === undefined) throw new RangeError("a text has at least one section");
  return { context: concat(contexts, 1), pooled };
}

const weightsIn = ({ weights, weightsG }: Section): readonly number[] => [...weights, ...weightsG];

/** Weighted values are float32: a weight of 1e39 is infinite there, and so is what a mean of 0 is restored from. */
function tooHeavy(text: string, section: Section, encoder: string, field: string): RequestError {
  const heaviest = weightsIn(section).reduce(
    (most, weight) => (Math.abs(weight) > Math.abs(most) ? weight : most),
    1,
  );
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  const message = `The weights in ${JSON.stringify(shown)} (up to ${heaviest}) leave no numbers behind text encoder ${encoder}. Use weights near 1.`;
  return new RequestError("invalid-value", message, { field, value: shown });
}

async function encodeSection(
  section: Section,
  encoders: TextEncoders,
): Promise<{ l: Tensor; g: Tensor; pooled: Tensor }> {
  const l = await encoders.textL(section.l);
  const g = await encoders.textG(section.g);
  if (g.pooled === undefined) throw new RangeError("encoder G answers with a pooled vector");
  return { l: l.hidden, g: g.hidden, pooled: g.pooled };
}
