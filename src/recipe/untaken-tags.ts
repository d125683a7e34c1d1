import type { WrittenPrompts } from "./draw-prompts.ts";
import { someOf } from "./warnings.ts";

/** As long as a file's name and a number may be; what is longer was never meant as a tag. */
const almostTag = /<lora:[^<>]{0,300}>?/gi;

/**
 * Says of what looks like a LoRA's tag and is none that it was drawn as text, as in Fooocus: its weight is no number, or it
 * stands in the negative prompt, in a further line, or in a wildcard's.
 *
 * @param images with their prompts, without the tags that were taken
 */
export function untakenTags(images: readonly Readonly<{ written: WrittenPrompts }>[]): readonly string[] {
  const texts = new Set(
    images.flatMap(({ written: { prompt, negativePrompt } }) => [prompt, negativePrompt]),
  );
  const found = [...texts].flatMap((text) => [...text.matchAll(almostTag)].map(([tag]) => tag));
  if (found.length === 0) return [];
  return [
    `Drawn as text: ${someOf([...new Set(found)])}. ` +
      "A LoRA's tag is <lora:name:weight> with a number like 0.8, in the first line of prompt and not in a wildcard's.",
  ];
}
