import { RequestError } from "#/lib/errors.ts";

/** Characters of a name that are told, and compared with others; file names have 255 bytes at most. */
const longestName = 300;

/**
 * A name that must be one of a list.
 *
 * @param field dotted path of the request's field
 * @param what  for the sentence: "style", "checkpoint"
 * @throws RequestError `unknown-model` naming the field, the value and the nearest names
 */
export function knownName(name: string, names: readonly string[], field: string, what: string): string {
  if (names.includes(name)) return name;
  const near = nearestNames(name, names);
  const hint = near.length === 0 ? `there is no ${what} at all` : `similar: ${near.join(", ")}`;
  const said = name.slice(0, longestName);
  throw new RequestError("unknown-model", `There is no ${what} called ${JSON.stringify(said)}; ${hint}.`, {
    field,
    value: said,
    near,
  });
}

/** Up to three names of a list that look most alike: same letters in a row count, case does not. */
export function nearestNames(name: string, names: readonly string[]): readonly string[] {
  const wanted = bigrams(name.slice(0, longestName));
  const likeness = (other: string): number => {
    const theirs = bigrams(other);
    const shared = [...wanted].filter((pair) => theirs.has(pair)).length;
    return (2 * shared) / (wanted.size + theirs.size || 1);
  };
  return names
    .map((other) => ({ other, score: likeness(other) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ other }) => other);
}

/** For a sentence about a name nobody knows that is no refusal: the nearest ones in brackets, nothing where there are none. */
export function similarNames(name: string, names: readonly string[]): string {
  const near = nearestNames(name, names).map((other) => other.slice(0, longestTold));
  return near.length === 0 ? "" : ` (similar: ${near.join(", ")})`;
}

const longestTold = 100;

function bigrams(text: string): ReadonlySet<string> {
  const letters = text.toLowerCase();
  return new Set(Array.from({ length: Math.max(0, letters.length - 1) }, (_, i) => letters.slice(i, i + 2)));
}

/** A file name without folders and extension. */
export const stemOf = (name: string): string => name.replace(/^.*\//, "").replace(/\.[^.]+$/, "");
