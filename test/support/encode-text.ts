import { encodeSections } from "#/pipeline/stages/encode-sections.ts";
import {
  type Conditioning,
  conditioningOf,
  cutText,
  joined,
  sectionsFor,
} from "#/pipeline/stages/encode-text.ts";
import type { Vocabulary } from "#/pipeline/text/sections.ts";
import { TextCache } from "#/pipeline/text-cache.ts";
import type { TextEncoder } from "#/runtime/text-encoders.ts";

/** What texts are conditioned by, as a job has it whose engine has encoded nothing yet. */
export async function encodeTexts(
  texts: readonly string[],
  topK: number,
  { textL, textG, ...vocabulary }: Vocabulary & Readonly<{ textL: TextEncoder; textG: TextEncoder }>,
): Promise<Conditioning> {
  const cut = await Promise.all(texts.map((text) => cutText(text, vocabulary)));
  const encoders = { textL, textG, textKey: "", known: new TextCache() };
  const encoded = await encodeSections(cut.flatMap(sectionsFor), encoders);
  return joined(
    cut.map((text) => conditioningOf(text, encoded)),
    topK,
  );
}
