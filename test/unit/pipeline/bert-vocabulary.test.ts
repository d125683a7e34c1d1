import { expect, test } from "bun:test";
import { bertVocabulary } from "#/pipeline/text/bert-vocabulary.ts";

/** Ids as they are in transformers' `BertTokenizer` for bert-base-uncased. */
const known: Readonly<Record<string, number>> = {
  "[PAD]": 0,
  "[UNK]": 100,
  "[CLS]": 101,
  "[SEP]": 102,
  "[MASK]": 103,
  ".": 1012,
  "?": 1029,
  a: 1037,
  picture: 3861,
  of: 1997,
  "##～": 30521,
};

test("a piece's place in BERT's vocabulary is its id", () => {
  const pieces = bertVocabulary();
  expect(pieces).toHaveLength(30522);
  expect(new Set(pieces).size).toBe(pieces.length);
  for (const [piece, id] of Object.entries(known))
    expect([piece, pieces.indexOf(piece)]).toEqual([piece, id]);
});
