/** What a logit is divided by whose token was there already, or times where it is below 0 (Keskar et al. 2019). */
const penalty = Math.fround(1.1);

/** Tokens before which a caption does not end, its beginning among them. */
const shortest = 10;

/** Tokens that are drawn among: the best, as transformers has it where nobody says a number (Fan et al. 2018). */
const topK = 50;

/** And of these the best until so much of the probability is among them (Holtzman et al. 2019). */
const topP = 0.9;

/**
 * The probabilities of a caption's next token, by its number, in ascending order of the numbers. Float32 and in the order of
 * transformers, which BLIP generates with: repetitions, the length, the best, the likeliest of them.
 *
 * @param scores logits of the whole vocabulary
 * @param said   tokens so far
 * @param end    the token that ends it
 */
export function nextToken(
  scores: Float32Array,
  said: readonly number[],
  end: number,
): ReadonlyMap<number, number> {
  const logits = scores.slice();
  for (const token of new Set(said)) {
    const score = scores[token] ?? 0;
    logits[token] = score < 0 ? score * penalty : score / penalty;
  }
  if (said.length < shortest) logits[end] = Number.NEGATIVE_INFINITY;
  const least = logits.toSorted().at(-topK) ?? Number.NEGATIVE_INFINITY;
  const best = [...logits.entries()].filter(([, logit]) => logit >= least);
  return shares(likeliest(best));
}

/** Those that are left where the least likely go, as long as they are no more than the rest of 1. The likeliest stays. */
function likeliest(tokens: readonly Scored[]): readonly Scored[] {
  const all = shares(tokens);
  const ascending = [...all].sort(([, p], [, q]) => p - q);
  const kept = new Set<number>();
  let sum = 0;
  for (const [at, [token, share]] of ascending.entries()) {
    sum += share;
    if (at === ascending.length - 1 || Math.fround(sum) > Math.fround(1 - topP)) kept.add(token);
  }
  return tokens.filter(([token]) => kept.has(token));
}

/** A token by its number, and its logit. */
type Scored = readonly [token: number, logit: number];

/** Softmax over some of them. */
function shares(tokens: readonly Scored[]): ReadonlyMap<number, number> {
  const largest = tokens.reduce((most, [, logit]) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const powers = tokens.map(([token, logit]) => [token, Math.exp(logit - largest)] as const);
  const sum = powers.reduce((total, [, power]) => total + power, 0);
  return new Map(powers.map(([token, power]) => [token, Math.fround(power / sum)]));
}
