/** A token that may come next, and its logit. */
export type Scored = Readonly<{ token: number; score: number }>;

/** What is subtracted from the logit of a token that must not come. */
const barred = 8192;

/** Tokens that are drawn among. */
const topK = 100;

/**
 * The probabilities of the next token: of those that were there already none but the comma may come again, then the hundred
 * best are kept (top-k sampling, Fan et al. 2018), at temperature 1. Float32, as the reference computes.
 *
 * @param scored the tokens that may be drawn at all
 * @param used   those that are in the text
 * @param comma  which may come again
 */
export function nextWord(
  scored: readonly Scored[],
  used: ReadonlySet<number>,
  comma: number,
): ReadonlyMap<number, number> {
  const biased = scored.map(({ token, score }) => ({
    token,
    score: token !== comma && used.has(token) ? Math.fround(score - barred) : score,
  }));
  const ordered = biased.map(({ score }) => score).sort((a, b) => b - a);
  const least = ordered[Math.min(topK, ordered.length) - 1] ?? Number.NEGATIVE_INFINITY;
  const kept = biased.filter(({ score }) => score >= least);
  const largest = ordered[0] ?? 0;
  const powers = kept.map(({ token, score }) => [token, Math.exp(score - largest)] as const);
  const sum = powers.reduce((total, [, power]) => total + power, 0);
  return new Map(powers.map(([token, power]) => [token, Math.fround(power / sum)]));
}
