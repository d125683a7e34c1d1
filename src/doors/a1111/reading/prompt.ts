import { RequestError } from "#/lib/errors.ts";
import { parseAttention, type Weighed, writeAttention } from "./attention.ts";

/** A prompt in our words, the tags that were in it, and what its client must be told. */
export type ReadPrompt = Readonly<{ text: string; tags: readonly Tag[]; warnings: readonly string[] }>;

/** `<lora:name:weight>`; weight is not a number where none is written. */
export type Tag = Readonly<{ kind: string; name: string; weight: number; said: string }>;

/** Characters that are looked at, as in a prompt of ours. */
const longest = 250_000;

const tagged = /<(\w+):([^<>:]+)((?::[^<>:]*)*)>/g;

/** Two texts, or one, before the share of the steps at which it changes; alternatives step by step. */
const edited =
  /\[([^[\]]*?):([^[\]:]*):\s*(?:\d+(?:\.\d*)?|\.\d+)\s*\]|\[([^[\]:]*):\s*(?:\d+(?:\.\d*)?|\.\d+)\s*\]/g;
const alternating = /\[([^[\]|]*)(?:\|[^[\]|]*)+\]/g;

/**
 * A1111's prompt as one of ours. Line ends are blanks there; `BREAK` begins a text of its own. Neither wildcards nor arrays are
 * known there: `__name__` is drawn as text, and doubled brackets weigh less.
 *
 * @param field  what it is called, for warnings
 * @param embeddings names of textual inversions, which are said bare there
 *
 * @throws RequestError `invalid-value` for one that is too long
 */
export function readPrompt(prompt: string, field: string, embeddings: readonly string[]): ReadPrompt {
  if (prompt.length > longest) {
    const message = `${field} has ${prompt.length} characters; ${longest} is the limit: shorten it.`;
    throw new RequestError("invalid-value", message, { field });
  }
  const warnings: string[] = [];
  const tags: Tag[] = [];
  const tell = (said: string, what: string): void => void warnings.push(`${field}: ${shown(said)} ${what}`);
  const plain = prompt
    .replace(tagged, (said, kind: string, name: string, numbers: string) => {
      tags.push({ kind: kind.toLowerCase(), name: name.trim(), weight: weightOf(numbers), said });
      return "";
    })
    .replace(edited, (said, _from: string | undefined, to: string | undefined, only: string | undefined) => {
      tell(
        said,
        "changes during the steps in A1111, which is not here: the later text was drawn throughout.",
      );
      return to ?? only ?? "";
    })
    .replace(alternating, (said, first: string) => {
      tell(said, "alternates step by step in A1111, which is not here: the first text was drawn throughout.");
      return first;
    })
    .replace(/\bAND\b(?!\w)/g, () => {
      tell(
        "AND",
        "joins prompts that are denoised apart in A1111, which is not here: they were drawn as one text.",
      );
      return ",";
    });
  const marked = withInversions(plain.replaceAll(lineEnds, " "), embeddings);
  const texts = cutAtBreaks(parseAttention(marked))
    .map((parts) => asLetters(writeAttention(parts)).trim())
    .filter((text) => text !== "");
  return { text: texts.join("\n"), tags, warnings: fewOf([...new Set(warnings)], field) };
}

const mostTold = 10;

const fewOf = (told: readonly string[], field: string): readonly string[] =>
  told.length <= mostTold
    ? told
    : [...told.slice(0, mostTold), `${field}: ${told.length - mostTold} more places are told of no further.`];

/** The texts between `BREAK`s, which may stand in brackets as well. */
function cutAtBreaks(parts: readonly Weighed[]): readonly (readonly Weighed[])[] {
  const texts: Weighed[][] = [[]];
  for (const { text, weight } of parts)
    for (const [at, piece] of text.split(/\s*\bBREAK\b\s*/).entries()) {
      if (at > 0) texts.push([]);
      texts.at(-1)?.push({ text: piece, weight });
    }
  return texts;
}

const lineEnds = /[\s\v\f\x1c-\x1e\x85\u2028\u2029]+/g;

/** What is none of A1111's signs but one of ours, with blanks, which are nothing to the tokenizer. */
const asLetters = (text: string): string =>
  text.replaceAll(/__(?=[\p{L}\p{N}_-]+__)/gu, "__ ").replaceAll("[[", "[ [");

/** The first number is the text encoders', and the network's where there is no other. */
function weightOf(numbers: string): number {
  const said = numbers
    .split(":")
    .slice(1)
    .map((text) => text.replace(/^\s*(?:te|unet)\s*=\s*/i, "").trim());
  const [first = "1"] = said;
  return first === "" ? Number.NaN : Number(first);
}

function withInversions(text: string, names: readonly string[]): string {
  let marked = text;
  for (const name of names) {
    const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    marked = marked.replaceAll(
      new RegExp(`(?<![\\w:-])${escaped}(?![\\w-])`, "gi"),
      () => ` embedding:${name} `,
    );
  }
  return marked;
}

const shown = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 60)}…`);
