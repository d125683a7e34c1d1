import type { PromptField } from "#/pipeline/text/limits.ts";
import { checkWildcards } from "./prompt-limits.ts";
import type { PythonRandom } from "./python-random.ts";

/** Lines of a wildcard file by its name; undefined where there is none. */
export type Wildcards = (name: string) => readonly string[] | undefined;

/** Files can name files; this ends a circle. */
const rounds = 64;

const placeholder = /__([\p{L}\p{N}_-]+)__/gu;

/** Names that a text asks for and that have no lines, each once. */
export function missingWildcards(text: string, wildcards: Wildcards): readonly string[] {
  const names = new Set([...text.matchAll(placeholder)].map(([, name = ""]) => name));
  return [...names].filter((name) => !(wildcards(name) ?? []).some((line) => line.trim() !== ""));
}

/** Where the lines come from, and which of them an image gets. */
export type WildcardSource = Readonly<{
  wildcards: Wildcards;
  random: PythonRandom;
  /** Index of the image, from 0. */
  image: number;
  /** Takes line number `image` instead of a random one. */
  inOrder: boolean;
}>;

/**
 * Replaces each `__name__` by a line of that file, again and again while lines hold placeholders themselves. An empty
 * or missing file leaves its bare name.
 *
 * @param field whose text it is, for the error
 * @throws RequestError `invalid-value` if they are too many
 */
export function fillWildcards(
  text: string,
  { wildcards, random, image, inOrder }: WildcardSource,
  field: PromptField = "prompt",
): string {
  let filled = text;
  let count = 0;
  for (let round = 0; round < rounds; round += 1) {
    const found = [...filled.matchAll(placeholder)];
    if (found.length === 0) return filled;
    count += found.length;
    checkWildcards(count, filled, field);
    for (const [mark, name = ""] of found) {
      const lines = (wildcards(name) ?? []).filter((line) => line.trim() !== "");
      const line = inOrder ? lines[image % Math.max(1, lines.length)] : random.choice(lines);
      filled = line === undefined ? filled.replaceAll(mark, name) : filled.replace(mark, () => line);
    }
  }
  return filled;
}
