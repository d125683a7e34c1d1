import type { PromptLines } from "./prompt-syntax.ts";
import { applyStyles, type Style } from "./styles.ts";

/** A picture's texts where styles were applied already, joined by commas as the a1111 scheme has them. */
export type StyledTexts = Readonly<{ positive: string; negative: string }>;

/** More than anybody selects; ends a search among styles that could be strung together for ever. */
const most = 24;

const joined = (texts: readonly string[]): string => texts.filter((text) => text !== "").join(", ");

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
  const makes = (chosen: readonly Style[]): boolean => {
    const made = applyStyles(chosen, prompt, negative);
    return joined(made.positive.texts) === wanted.positive && joined(made.negative.texts) === wanted.negative;
  };
  // The prompt itself stands before the templates unless one of them took it in.
  const begun = (own: readonly string[], chosen: readonly Style[]): boolean =>
    wanted.positive.startsWith(
      joined([
        ...own,
        ...chosen.flatMap(({ prompt: p }) => p.replaceAll("{prompt}", prompt.main).split("\n")),
      ]),
    ) && wanted.negative.startsWith(joined(chosen.flatMap(({ negative_prompt: n }) => n.split("\n"))));
  const saying = styles.filter((style) => style.prompt !== "" || style.negative_prompt !== "");
  const search = (chosen: readonly Style[]): readonly Style[] | undefined => {
    if (makes(chosen)) return chosen;
    if (chosen.length === most) return undefined;
    for (const style of saying) {
      const longer = [...chosen, style];
      if (!begun([], longer) && !begun([prompt.main], longer)) continue;
      const found = search(longer);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search([])?.map(({ name }) => name);
}
