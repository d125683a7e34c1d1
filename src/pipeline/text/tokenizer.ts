import clipMerges from "#/assets/tokenizer/clip-merges.txt" with { type: "text" };
import { byteSymbols } from "./byte-symbols.ts";
import { mergePairs, type RankOf } from "./merge.ts";

/** First and last token of a section. */
export const startToken = 49406;
export const endToken = 49407;

/** Words whose tokens are remembered, and their length: what is longer comes once, and would be kept for ever. */
const mostKept = 20_000;
const longestKept = 64;

/** Text to token ids, without start and end. */
export type Tokenizer = (text: string) => readonly number[];

/** CJK ideographs, which CLIP's cleaning surrounds with blanks. */
const ideographs =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

const pieces = /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/giu;

/**
 * CLIP's byte-level BPE (Radford et al. 2021; Sennrich et al. 2016), as transformers' `CLIPTokenizer` runs it without
 * ftfy. The vocabulary is its merge list: ids are byte symbols, byte symbols that end a word, merges, start, end.
 *
 * @param merges one merge a line, best first
 */
export function createTokenizer(merges: string = clipMerges): Tokenizer {
  const { symbolOf, order } = byteSymbols();
  const ids = new Map<string, number>();
  const add = (symbol: string): unknown => ids.set(symbol, ids.size);
  for (const byte of order) add(symbolOf(byte));
  for (const byte of order) add(`${symbolOf(byte)}</w>`);
  const ranks = new Map<string, number>();
  for (const line of merges.trimEnd().split("\n")) {
    ranks.set(line, ranks.size);
    add(line.replace(" ", ""));
  }
  add("<|startoftext|>");
  add("<|endoftext|>");

  const rankOf: RankOf = (left, right) => ranks.get(`${left} ${right}`);
  const cache = new Map<string, readonly number[]>();
  const encodePiece = (piece: string): readonly number[] => {
    const special = piece.startsWith("<|") ? ids.get(piece) : undefined;
    if (special !== undefined) return [special];
    const known = cache.get(piece);
    if (known !== undefined) return known;
    const symbols = [...new TextEncoder().encode(piece)].map(symbolOf);
    const last = symbols.pop();
    if (last !== undefined) symbols.push(`${last}</w>`);
    const result = mergePairs(symbols, rankOf).map((symbol) => ids.get(symbol) ?? 0);
    if (piece.length > longestKept) return result;
    if (cache.size >= mostKept) cache.clear();
    cache.set(piece, result);
    return result;
  };
  return (text) => (clean(text).match(pieces) ?? []).flatMap(encodePiece);
}

/**
 * BERT-style cleaning: all characters of Unicode's class C go (controls, private and unassigned ones), white space
 * becomes blanks, ideographs stand alone, letters are small.
 */
function clean(text: string): string {
  return text
    .replace(/\ufffd|(?![\t\n\r])\p{C}/gu, "")
    .replace(ideographs, " $& ")
    .normalize("NFC")
    .split(/\s+/u)
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase())
    .join(" ");
}
