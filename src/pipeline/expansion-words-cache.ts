import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { ExpansionFiles } from "#/catalog/expansion-files.ts";
import { ModelError } from "#/lib/errors.ts";
import { type ExpansionWords, expansionWords } from "./text/expansion-words.ts";

/** Larger than a merge list of any vocabulary. */
const largestText = 16 * 1024 ** 2;

/** The texts beside prompt expansion's model, read once and again when one of them has changed. */
export class ExpansionWordsCache {
  #known: Readonly<{ key: string; words: ExpansionWords }> | undefined;

  /** @throws ModelError `file-unreadable`, or `header-invalid` for a list that holds no word of the vocabulary */
  of({ merges, words }: Pick<ExpansionFiles, "merges" | "words">): ExpansionWords {
    const key = [merges, words].map(keyOf).join("|");
    if (this.#known?.key === key) return this.#known.words;
    const made = expansionWords({ merges: textOf(merges), words: textOf(words) });
    if (made.candidates.length < 2) {
      const message = `${basename(words)} names no word that is one token of ${basename(merges)}; get the files of prompt expansion again.`;
      throw new ModelError("header-invalid", message, { path: words });
    }
    this.#known = { key, words: made };
    return made;
  }
}

function keyOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return `${path}:${stats?.size ?? 0}:${stats?.mtimeMs ?? 0}`;
}

function textOf(path: string): string {
  const unreadable = (why: string, cause?: unknown): ModelError =>
    new ModelError("file-unreadable", `${basename(path)} of prompt expansion ${why}.`, { path }, cause);
  try {
    if (statSync(path).size > largestText) throw unreadable("is too large for a text of its kind");
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw unreadable("cannot be read", cause);
  }
}
