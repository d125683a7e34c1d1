import { RequestError } from "#/lib/errors.ts";
import { concat, isFiniteThroughout, type Tensor } from "#/tensor/tensor.ts";
import type { Manners } from "../pause.ts";
import { applyWeights } from "../text/apply-weights.ts";
import type { PromptField } from "../text/limits.ts";
import { eachSection, emptySection, type Section, type Vocabulary } from "../text/sections.ts";
import type { Encoded } from "./encode-sections.ts";

/** What the UNet is told: rows of text [1, T, L + G] and the pooled vector [1, P]. */
export type Conditioning = Readonly<{ context: Tensor; pooled: Tensor }>;

/**
 * Joins what several texts are conditioned by: contexts one after the other on the token axis, pooled vectors of the first
 * `topK` texts summed (not averaged). Fooocus conditions on style lines this way instead of joining the words.
 */
export function joined(parts: readonly Conditioning[], topK: number): Conditioning {
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

/** A text cut into sections, and whether any of its tokens has a weight, so that an empty section is needed beside them. */
export type CutText = Readonly<{ text: string; sections: readonly Section[]; weighted: boolean }>;

/** Cuts a text, with a pause between two words. */
export async function cutText(
  text: string,
  vocabulary: Vocabulary,
  pause: Manners["pause"] = () => undefined,
): Promise<CutText> {
  const sections: Section[] = [];
  for (const made of eachSection(text, vocabulary)) {
    if (made !== undefined) sections.push(made);
    const others = pause();
    if (others !== undefined) await others;
  }
  const weighted = sections.some((section) => weightsIn(section).some((weight) => weight !== 1));
  return { text, sections, weighted };
}

/** All sections that a text is conditioned by. */
export const sectionsFor = ({ sections, weighted }: CutText): readonly Section[] =>
  weighted ? [...sections, emptySection()] : sections;

/**
 * One text's conditioning: its sections as both encoders have them, weighted, joined on the token axis; L's channels come before
 * G's. The pooled vector is that of the first section, without weights.
 *
 * @param encoded what the encoders make of {@link sectionsFor} it
 * @param field   the request's field that the text is from, for messages
 * @throws RequestError `invalid-value` where the text's weights leave no numbers; what the encoders answer are numbers
 */
export function conditioningOf(
  { text, sections, weighted }: CutText,
  encoded: Encoded,
  field: PromptField = "prompt",
): Conditioning {
  const empty = weighted ? encoded(emptySection()) : undefined;
  const [first] = sections;
  if (first === undefined) throw new RangeError("a text has at least one section");
  const contexts = sections.map((section) => {
    const found = encoded(section);
    const l = empty === undefined ? found.l : applyWeights(found.l, empty.l, section.weights);
    const g = empty === undefined ? found.g : applyWeights(found.g, empty.g, section.weightsG);
    for (const [encoder, { data }] of [
      ["L", l],
      ["G", g],
    ] as const)
      if (!isFiniteThroughout(data)) throw tooHeavy(text, section, encoder, field);
    return concat([l, g], 2);
  });
  return { context: concat(contexts, 1), pooled: encoded(first).pooled };
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
