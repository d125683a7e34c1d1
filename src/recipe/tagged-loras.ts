import { similarNames, stemOf } from "./names.ts";
import type { InlineLora } from "./prompt-syntax.ts";
import type { LoraUse } from "./recipe.ts";
import { severalNames, someOf } from "./warnings.ts";

/** A LoRA and the field that chose it. */
export type ChosenLora = LoraUse & Readonly<{ field: string }>;

/** What a tag meets. */
type Met = Readonly<{
  /** LoRAs that there are, with folder and extension, which tags leave out. */
  loras: readonly string[];
  /** The one that the performance mode brings along: no tag can name it. */
  own?: string;
  /** Those that the request itself names: its weights win over tags. */
  asked: readonly LoraUse[];
}>;

/**
 * The LoRAs of the prompt's tags, each name with each weight once; not those that the request names otherwise.
 *
 * @returns with a warning for every tag that adds nothing
 */
export function taggedLoras(
  inline: readonly InlineLora[],
  { loras, own, asked }: Met,
): { tagged: readonly ChosenLora[]; warnings: string[] } {
  const names = loras.filter((name) => name !== own);
  const byStem = new Map(names.toReversed().map((name) => [stemOf(name), name]));
  const dropped = { unknown: new Set<string>(), own: new Set<string>(), asked: new Set<string>() };
  const [tagged, twice] = [new Map<string, ChosenLora>(), new Set<string>()];
  for (const { stem, weight } of inline) {
    const name = byStem.get(stem);
    const key = `${weight} ${name}`;
    if (name === undefined) dropped[own !== undefined && stemOf(own) === stem ? "own" : "unknown"].add(stem);
    else if (asked.some((lora) => lora.name === name)) dropped.asked.add(stem);
    else if (tagged.has(key)) twice.add(stem);
    else tagged.set(key, { name, weight, field: "prompt" });
  }
  const warnings = [
    ...unknownTags([...dropped.unknown], [...byStem.keys()]),
    ...told(dropped.own, (which) => `The performance mode brings ${which} itself, at its own weight`),
    ...told(dropped.asked, (which) => `loras has ${which} already, and its weight is the one that counts`),
    ...told(
      twice,
      (which) => `The prompt names ${which} with the same weight more than once; it counts once`,
      "",
    ),
  ];
  return { tagged: [...tagged.values()], warnings };
}

/** One sentence about some tags, or none. */
function told(
  stems: ReadonlySet<string>,
  says: (which: string) => string,
  end = "; the tag in the prompt was dropped",
): string[] {
  return stems.size === 0 ? [] : [`${says(someOf([...stems]))}${end}.`];
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
