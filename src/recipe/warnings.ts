import type { GenerateRequest } from "#/api/generate.ts";
import type { Sidecar } from "#/catalog/sidecar.ts";
import { similarNames } from "./names.ts";
import type { Size } from "./recipe.ts";
import { parseSize, storedSize } from "./sizes.ts";
import { expansionStyle } from "./styles.ts";
import { missingWildcards, type Wildcards } from "./wildcards.ts";

/**
 * Whether to say that prompt expansion was left out, because its model is not there. A picture must never be silently
 * other than what was asked for, so whoever named the style, or a preset that has it, is told. Whoever named nothing
 * got this server's default, which is no expansion as long as there is no model: telling everybody on every request
 * would only teach clients to skip warnings.
 *
 * @param preset what the preset says that the request names
 * @param lacks  files that it lacks
 */
export function expansionWarning(
  request: GenerateRequest,
  preset: GenerateRequest,
  lacks: readonly string[] | undefined,
): string | undefined {
  if (lacks?.length === 0) return undefined;
  const named = request.style_selections ?? preset.style_selections ?? [];
  if (!named.includes(expansionStyle)) return undefined;
  const missing = lacks === undefined || lacks.includes(expansionModel) ? "its model" : lacks.join(" and ");
  const verb = missing.includes(" and ") ? "are" : "is";
  return `The style ${expansionStyle} (prompt expansion) was left out: ${missing} ${verb} not there in models/prompt_expansion/fooocus_expansion.`;
}

const expansionModel = "pytorch_model.bin";

/** A sentence is for people: so many names are told of, and so much of each. */
const namesTold = 10;
const longestName = 100;

/** Names for a sentence: the first ones, and how many more there are. */
export function someOf(names: readonly string[]): string {
  const told = names.slice(0, namesTold).map((name) => name.slice(0, longestName));
  const more = names.length - told.length;
  return more === 0 ? told.join(", ") : `${told.join(", ")} and ${more} more`;
}

/** Says of each `__name__` of the prompts that has no lines to take one from what there is instead; of many in one sentence. */
export function wildcardWarnings(
  { prompt, negative_prompt }: Readonly<{ prompt: string; negative_prompt: string }>,
  { wildcards, wildcardNames }: Readonly<{ wildcards: Wildcards; wildcardNames?: () => readonly string[] }>,
): readonly string[] {
  const missing = missingWildcards(`${prompt}\n${negative_prompt}`, wildcards);
  if (missing.length === 0) return [];
  if (missing.length > severalNames)
    return [`There are no wildcards called ${someOf(missing)}; their bare names were drawn.`];
  const known = wildcardNames?.() ?? [];
  return missing.map(
    (name) =>
      `There is no wildcard called ${someOf([name])}${similarNames(name, known)}; its bare name was drawn.`,
  );
}

/** Beyond so many names nobody knows, one sentence tells of all. */
export const severalNames = 5;

/** Says that a picture is smaller than asked for: it is made of squares of eight pixels, and what is beyond them is cut. */
export function roundedWarning({ width, height }: Size): string | undefined {
  const [w, h] = [width, height].map((side) => side - (side % pixelsOfLatent));
  if (w === width && h === height) return undefined;
  return `Sides are multiples of ${pixelsOfLatent} pixels: ${width}×${height} is drawn as ${w}×${h}.`;
}

const pixelsOfLatent = 8;

/** Says that a size is larger than what the checkpoint draws well, and what it does. */
export function sizeWarning(
  { width, height }: Size,
  checkpoint: string,
  { largest_pixels: largest, good_sizes: good = [] }: Sidecar,
): string | undefined {
  const pixels = ({ width: w, height: h }: Size): number => w * h;
  const most = largest ?? Math.max(...good.map((text) => pixels(parseSize(text, "good_sizes"))));
  if (good.length === 0 && largest === undefined) return undefined;
  if (width * height <= most) return undefined;
  const sizes = good.length === 0 ? "" : ` (${good.map(storedSize).join(", ")})`;
  return (
    `${checkpoint} draws up to ${most} pixels well${sizes}; ` +
    `at ${width}×${height} things may come out repeated or scattered.`
  );
}
