import vocabulary from "#/assets/tokenizer/bert-vocabulary.txt" with { type: "text" };

/**
 * The word pieces of BERT's uncased vocabulary (Devlin et al. 2018), in order: the id of a piece is its place. `##` starts
 * a piece that goes on with a word. BLIP's two further tokens come behind them, and are not among them.
 */
export function bertVocabulary(): readonly string[] {
  return vocabulary.trimEnd().split("\n");
}
