import { similarNames, stemOf } from "./names.ts";
import type { InlineLora } from "./prompt-syntax.ts";
import type { LoraUse } from "./recipe.ts";
import { severalNames, someOf } from "./warnings.ts";

/** A LoRA and the field that chose it. */
export type ChosenLora = LoraUse & Readonly<{ field: string }>;

/**
 * The LoRAs of the prompt's tags, each name with each weight once.
 *
 * @param names of the LoRAs that a tag may mean, with folder and extension, which tags leave out
 * @returns with a warning for what there is not
 */
export function taggedLoras(
  inline: readonly InlineLora[],
  names: readonly string[],
): { tagged: readonly ChosenLora[]; warnings: string[] } {
  const byStem = new Map(names.toReversed().map((name) => [stemOf(name), name]));
  const unknown = new Set<string>();
  const tagged = new Map<string, ChosenLora>();
  for (const { stem, weight } of inline) {
    const name = byStem.get(stem);
    if (name === undefined) unknown.add(stem);
    else if (!tagged.has(`${weight} ${name}`))
      tagged.set(`${weight} ${name}`, { name, weight, field: "prompt" });
  }
  return { tagged: [...tagged.values()], warnings: unknownTags([...unknown], [...byStem.keys()]) };
}

/** A warning for each of a few; one for all of many. */
function unknownTags(stems: readonly string[], known: readonly string[]): string[] {
  if (stems.length > severalNames)
    return [`There are no LoRAs called ${someOf(stems)}; their tags in the prompt were dropped.`];
  return stems.map(
    (stem) =>
      `There is no LoRA called ${someOf([stem])}${similarNames(stem, known)}; its tag in the prompt was dropped.`,
  );
}
