import { type BertTokenizer, bertTokens } from "./bert-tokenizer.ts";

/** Tokens that GroundingDINO reads, those at the beginning and at the end among them. */
export const mostDetectionTokens = 256;

/** A full stop and a question mark, which end what is looked for as the ends of the text do. */
const stops: readonly number[] = [bertTokens.begin, bertTokens.end, 1012, 1029];

/**
 * A text as GroundingDINO reads it: tokens, their positions, and which see which, `mask[from * tokens + to]`, 0 where one does, and
 * what makes its score nothing where it does not.
 */
export type DetectionText = Readonly<{
  ids: readonly number[];
  positions: readonly number[];
  mask: Float32Array;
}>;

/** The tokens of what is to be found: in small letters, without blanks around it, a full stop at its end. */
export function detectionTokens(prompt: string, tokenize: BertTokenizer): readonly number[] {
  const caption = prompt.toLowerCase().trim();
  return [bertTokens.begin, ...tokenize(caption.endsWith(".") ? caption : `${caption}.`), bertTokens.end];
}

/**
 * Which tokens belong together (`generate_masks_with_special_tokens_and_transfer_map` of GroundingDINO): those up to a stop, and
 * it; they alone see each other, and their positions begin at 0.
 */
export function detectionText(ids: readonly number[]): DetectionText {
  const count = ids.length;
  const mask = new Float32Array(count * count).fill(-1e4);
  const positions = ids.map(() => 0);
  let first = 0;
  for (let at = 0; at < count; at += 1) {
    mask[at * count + at] = 0;
    if (!stops.includes(ids[at] ?? 0)) continue;
    if (at > 0 && at < count - 1)
      for (let a = first; a <= at; a += 1) {
        positions[a] = a - first;
        mask.fill(0, a * count + first, a * count + at + 1);
      }
    first = at + 1;
  }
  return { ids, positions, mask };
}
