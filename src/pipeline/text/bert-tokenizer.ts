import { bertVocabulary } from "./bert-vocabulary.ts";

/** Numbers of the tokens that stand for no text. */
export const bertTokens = { begin: 101, end: 102, unknown: 100 } as const;

/** BERT's way from a text to the numbers of its word pieces, without what begins and ends it. */
export type BertTokenizer = (text: string) => readonly number[];

/** Words of more characters than this are unknown. */
const longestWord = 100;

/** Letters that are words of their own: the blocks of Chinese characters. */
const ideographs =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/** Punctuation, and all of ASCII that is neither letter, digit nor blank. */
const marks = /[\p{P}$+<=>^`|~]/gu;

/**
 * The uncased tokenizer of BERT (Devlin et al. 2018): no accents, no capitals, words cut at blanks and punctuation, and each
 * into the longest pieces that the vocabulary has. What is written as `[SEP]` is text, since capitals are gone before.
 */
export function createBertTokenizer(): BertTokenizer {
  const ids = new Map(bertVocabulary().map((piece, id) => [piece, id]));
  return (text) => wordsOf(text).flatMap((word) => piecesOf(word, ids));
}

function wordsOf(text: string): readonly string[] {
  const clean = text
    .replace(/[\t\n\r]/g, " ")
    .replace(/[\p{C}\ufffd]/gu, "")
    .replace(ideographs, " $& ")
    .normalize("NFD")
    .replace(/\p{Mn}/gu, "");
  const lower = [...clean].map((character) => character.toLowerCase()).join("");
  return lower
    .replace(marks, " $& ")
    .split(/\s+/)
    .filter((word) => word !== "");
}

function piecesOf(word: string, ids: ReadonlyMap<string, number>): readonly number[] {
  const characters = [...word];
  const pieces: number[] = [];
  let at = 0;
  while (at < characters.length && characters.length <= longestWord) {
    let end = characters.length;
    let id: number | undefined;
    while (id === undefined && end > at) {
      id = ids.get((at > 0 ? "##" : "") + characters.slice(at, end).join(""));
      if (id === undefined) end -= 1;
    }
    if (id === undefined) return [bertTokens.unknown];
    pieces.push(id);
    at = end;
  }
  return pieces.length > 0 ? pieces : [bertTokens.unknown];
}
