import { cleanLine } from "#/pipeline/text/clean-line.ts";
import type { PromptLines } from "./prompt-syntax.ts";
import { applyStyles, expansionStyle, type Style } from "./styles.ts";

/** A picture's texts where styles were applied already, joined by commas as the a1111 scheme has them. */
export type StyledTexts = Readonly<{ positive: string; negative: string }>;

/** Steps after which a search gives up; texts of a picture are anybody's. */
const patience = 10_000;

/** Characters beyond which no style is looked for: each would be tried with the whole of them, a megabyte in a picture. */
const longest = 50_000;

const joined = (texts: readonly string[]): string => texts.filter((text) => text !== "").join(", ");

/** Places of the prompt in its texts that are tried for where an expansion begins. */
const mostPlaces = 20;

/**
 * As {@link findStyles}, also where prompt expansion was one of the styles: its text stands last and begins with the prompt.
 */
export function findStylesOrExpansion(
  ...given: Parameters<typeof findStyles>
): readonly string[] | undefined {
  const [styles, prompt, negative, wanted] = given;
  const found = findStyles(...given);
  const mark = `, ${cleanLine(prompt.main)}`;
  if (found !== undefined || prompt.main === "" || wanted.positive.length > longest) return found;
  let at = wanted.positive.length;
  for (let tried = 0; tried < mostPlaces && at > 0; tried += 1) {
    at = wanted.positive.lastIndexOf(mark, at - 1);
    if (at <= 0) return undefined;
    const before = { ...wanted, positive: wanted.positive.slice(0, at) };
    const others = findStyles(styles, prompt, negative, before);
    if (others !== undefined) return [expansionStyle, ...others];
  }
  return undefined;
}

/**
 * The styles that make these texts of this prompt, in their order: the inverse of `applyStyles`, for a scheme that
 * keeps the texts and not the names.
 *
 * @returns the names; undefined where no selection gives exactly these texts
 */
export function findStyles(
  styles: readonly Style[],
  prompt: PromptLines,
  negative: PromptLines,
  wanted: StyledTexts,
): readonly string[] | undefined {
  const tooLong = prompt.main.length + wanted.positive.length + wanted.negative.length > longest;
  const own = (tooLong ? [] : styles).map((style) => ({
    style,
    positive: joined(style.prompt.replaceAll("{prompt}", () => prompt.main).split("\n")),
    negative: joined(style.negative_prompt.split("\n")),
  }));
  const saying = own.filter(({ positive, negative: against }) => positive !== "" || against !== "");
  const makes = (chosen: readonly Style[]): boolean => {
    const made = applyStyles(chosen, prompt, negative);
    return joined(made.positive.texts) === wanted.positive && joined(made.negative.texts) === wanted.negative;
  };
  let steps = 0;
  const search = (chosen: readonly Style[], begun: StyledTexts): readonly Style[] | undefined => {
    if (makes(chosen)) return chosen;
    for (const { style, positive, negative: against } of saying) {
      steps += 1;
      if (steps > patience) return undefined;
      const longer = {
        positive: joined([begun.positive, positive]),
        negative: joined([begun.negative, against]),
      };
      if (!wanted.positive.startsWith(longer.positive) || !wanted.negative.startsWith(longer.negative))
        continue;
      const found = search([...chosen, style], longer);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  // The prompt itself stands before the templates unless one of them took it in.
  const found =
    search([], { positive: "", negative: "" }) ?? search([], { positive: prompt.main, negative: "" });
  return found?.map(({ name }) => name);
}
