import { byteSymbols } from "./byte-symbols.ts";
import { mergePairs, type RankOf } from "./merge.ts";

/** GPT-2's way from text to tokens and back. */
export type Gpt2Tokenizer = Readonly<{
  encode: (text: string) => readonly number[];
  /** Bytes that are no UTF-8 become U+FFFD; unknown ids and the end token are passed over. */
  decode: (ids: readonly number[]) => string;
  /** The id of a blank and a word, where the two are one token. */
  idOfWord: (word: string) => number | undefined;
}>;

const pieces = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/**
 * GPT-2's byte-level BPE (Radford et al. 2019, section 2.2), without any cleaning and with no blank put before the text.
 * The vocabulary is its merge list: ids are the 256 byte symbols, then the merges, then the end token.
 *
 * @param merges the text of `merges.txt`: one merge a line, best first, behind a line that names the version
 */
export function createGpt2Tokenizer(merges: string): Gpt2Tokenizer {
  const { symbolOf, order } = byteSymbols();
  const symbols = order.map(symbolOf);
  const bytes = new Map(order.map((byte) => [symbolOf(byte), byte]));
  const ranks = new Map<string, number>();
  for (const line of merges.split("\n")) {
    if (!line.includes(" ") || line.startsWith("#version")) continue;
    ranks.set(line, ranks.size);
    symbols.push(line.replace(" ", ""));
  }
  const ids = new Map(symbols.map((symbol, id) => [symbol, id]));
  const rankOf: RankOf = (left, right) => ranks.get(`${left} ${right}`);
  const symbolsOf = (text: string): string[] => [...new TextEncoder().encode(text)].map(symbolOf);
  return {
    encode: (text) =>
      (text.match(pieces) ?? [])
        .flatMap((piece) => mergePairs(symbolsOf(piece), rankOf))
        .map((symbol) => ids.get(symbol) ?? 0),
    decode: (tokens) => {
      const written = [...tokens.map((id) => symbols[id] ?? "").join("")];
      return new TextDecoder().decode(Uint8Array.from(written, (symbol) => bytes.get(symbol) ?? 0));
    },
    idOfWord: (word) => ids.get(symbolsOf(` ${word}`).join("")),
  };
}
