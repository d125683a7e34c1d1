import type { GenerateParams } from "#/api/generate.ts";
import type { ExpansionThere } from "#/catalog/expansion-files.ts";
import { RequestError } from "#/lib/errors.ts";
import type { PromptField } from "#/pipeline/text/limits.ts";
import { knownName } from "./names.ts";
import { checkStyled } from "./prompt-limits.ts";
import { pickFromArrays, promptLines } from "./prompt-syntax.ts";
import { PythonRandom } from "./python-random.ts";
import { type ImageSpec, seedEnd } from "./recipe.ts";
import { applyStyles, drawStyles, expansionStyle, randomStyle, type Style } from "./styles.ts";
import type { TextPlace, ToldTexts } from "./told-texts.ts";
import { fillWildcards, type Wildcards } from "./wildcards.ts";

/** What the metadata of one image says of its prompts. */
export type WrittenPrompts = Readonly<{
  prompt: string;
  negativePrompt: string;
  styles: readonly string[];
  /** What prompt expansion made of the prompt; known once the engine has done it. */
  expansion?: string;
}>;

/** What there is to draw prompts from. */
type PromptWorld = Readonly<{
  styles: readonly Style[];
  wildcards: Wildcards;
  /** The files of prompt expansion, which is done where none is missing. */
  expansion?: Pick<ExpansionThere, "lacks">;
  /** Texts that are given, whatever would be drawn now; nothing for those that are not. */
  toldTexts?: (place: TextPlace) => ToldTexts | undefined;
}>;

/**
 * The prompts of one image: its wildcards are filled, its arrays picked from and its random styles drawn by its own seed.
 *
 * @param prompt the positive one, without the tags of LoRAs
 * @param place  of the image, from 0, and of the pass over it, if it is one's
 * @throws RequestError for a style that is not there, and for more text than can be meant
 */
export function drawPrompts(
  params: GenerateParams,
  prompt: Readonly<{ main: string; extra: readonly string[] }>,
  place: TextPlace,
  { styles, wildcards, expansion, toldTexts }: PromptWorld,
): Readonly<{ spec: ImageSpec; written: WrittenPrompts }> {
  const { image: index } = place;
  const seed = (params.image_seed + (params.disable_seed_increment ? 0n : BigInt(index))) % seedEnd;
  const told = toldTexts?.(place);
  if (told !== undefined) return { spec: { seed, ...told.spec }, written: told.written };
  const random = new PythonRandom(seed);
  const source = { wildcards, random, image: index, inOrder: params.read_wildcards_in_order };
  const fill = (text: string, field: PromptField): string => fillWildcards(text, source, field);
  const negative = promptLines(params.negative_prompt);
  // In this order: each of them draws from the same generator.
  const main = pickFromArrays(fill(prompt.main, "prompt"), index);
  const negativeMain = fill(negative.main, "negative_prompt");
  const extra = prompt.extra.map((text) => fill(text, "prompt"));
  const negativeExtra = negative.extra.map((text) => fill(text, "negative_prompt"));

  const names = drawStyles(params.style_selections, styles, random);
  const chosen = names.filter((name) => name !== expansionStyle).map((name) => styleOf(name, styles));
  checkStyled(chosen, main);
  const texts = applyStyles(chosen, { main, extra }, { main: negativeMain, extra: negativeExtra });
  // By the prompt as it was written: a tag of a LoRA is something, and leaves nothing to expand.
  const expands =
    names.includes(expansionStyle) && expansion?.lacks.length === 0 && promptLines(params.prompt).main !== "";
  return {
    spec: {
      seed,
      positive: texts.positive,
      negative: texts.negative,
      ...(expands ? { expand: main } : {}),
    },
    written: {
      prompt: [main, ...extra].join("\n"),
      negativePrompt: [negativeMain, ...negativeExtra].join("\n"),
      styles: chosen.map(({ name }) => name),
    },
  };
}

function styleOf(name: string, styles: readonly Style[]): Style {
  const names = [expansionStyle, randomStyle, ...styles.map((style) => style.name)];
  const known = knownName(name, names, "style_selections", "style");
  const style = styles.find((candidate) => candidate.name === known);
  if (style === undefined)
    throw new RequestError("unknown-model", "There are no styles to draw from.", {
      field: "style_selections",
    });
  return style;
}
