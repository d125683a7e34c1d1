/** Characters of a name that are compared with others; file names have 255 bytes at most. */
const longestName = 300;

/** Up to three names of a list that look most alike: same letters in a row count, case does not. */
export function nearestNames(name: string, names: readonly string[]): readonly string[] {
  return ranked(name, names)
    .slice(0, 3)
    .map(({ other }) => other);
}

/** The name of a list that another is most like, where it shares half of its letters in a row; else undefined. */
export function likelyName(name: string, names: readonly string[]): string | undefined {
  const [first] = ranked(name, names);
  return first !== undefined && first.likeness >= half ? first.other : undefined;
}

/** As {@link nearestNames}, without those that are hardly like it. */
export const likelyNames = (name: string, names: readonly string[]): readonly string[] =>
  ranked(name, names)
    .filter(({ likeness }) => likeness >= third)
    .slice(0, 3)
    .map(({ other }) => other);

/** `inpaint_mask` is half of `inpaint_mask_image_upload`. */
const half = 0.5;
const third = 1 / 3;

function ranked(
  name: string,
  names: readonly string[],
): readonly Readonly<{ other: string; likeness: number }>[] {
  const wanted = bigrams(name.slice(0, longestName));
  return names
    .map((other) => ({ other, likeness: likenessOf(wanted, bigrams(other)) }))
    .sort((a, b) => b.likeness - a.likeness);
}

/** Dice's coefficient: 0 to 1. */
function likenessOf(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const shared = [...one].filter((pair) => other.has(pair)).length;
  return (2 * shared) / (one.size + other.size || 1);
}

function bigrams(text: string): ReadonlySet<string> {
  const letters = text.toLowerCase();
  return new Set(Array.from({ length: Math.max(0, letters.length - 1) }, (_, i) => letters.slice(i, i + 2)));
}
