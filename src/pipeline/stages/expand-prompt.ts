import type { LanguageModel } from "#/runtime/language-model.ts";
import { Mt19937 } from "#/sampling/noise/mt19937.ts";
import { drawOutcome } from "#/sampling/noise/multinomial.ts";
import type { Manners } from "../pause.ts";
import { cleanLine } from "../text/clean-line.ts";
import { commaToken, type ExpansionWords, withoutGaps } from "../text/expansion-words.ts";
import { nextWord } from "../text/next-word.ts";

/** Tokens of a section, which an expanded text fills. */
const sectionTokens = 75;

/** What expands a prompt. */
export type Expander = Readonly<{ model: LanguageModel; words: ExpansionWords }>;

/**
 * Prompt expansion (pipeline section 1.10): a language model goes on with the prompt, in the words of a list alone, until
 * the last section of 75 tokens is full. Words are drawn as `transformers` draws them on the CPU after `manual_seed`, token
 * for token.
 *
 * @param prompt the main line; an empty one stays empty, and one that leaves the model no place stays as it is
 * @param seed   of the image; its low 32 bits count
 * @returns the prompt and what was added, as one text
 */
export async function expandPrompt(
  prompt: string,
  seed: bigint,
  { model, words: { tokenizer, candidates } }: Expander,
  { pause = () => undefined, tell = () => undefined }: Manners = {},
): Promise<string> {
  if (prompt === "") return "";
  const text = cleanLine(prompt);
  const ids = [...tokenizer.encode(`${text},`)];
  const wanted = Math.ceil(ids.length / sectionTokens) * sectionTokens;
  if (wanted === ids.length || wanted > model.places) return text;
  const start = ids.length;
  const random = new Mt19937(seed);
  const used = new Set(ids);
  let memory = model.blank;
  let told: readonly number[] = ids;
  while (ids.length < wanted) {
    await pause();
    const answer = await model.next({ ids: told, candidates, memory });
    const scored = candidates.map((token, at) => ({ token, score: answer.scores[at] ?? 0 }));
    const token = drawOutcome(nextWord(scored, used, commaToken), model.vocabulary, random);
    memory = answer.memory;
    told = [token];
    ids.push(token);
    used.add(token);
    tell(ids.length - start, wanted - start);
  }
  return cleanLine(withoutGaps(tokenizer.decode(ids)));
}
