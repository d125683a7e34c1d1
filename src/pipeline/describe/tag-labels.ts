import { ModelError } from "#/lib/errors.ts";
import { readCsv } from "#/lib/read-csv.ts";

/** The names of a tagger's tags in the order of its numbers, and the places where things, and where characters begin. */
export type TagLabels = Readonly<{ names: readonly string[]; general: number; characters: number }>;

/**
 * Reads the table of a tagger: number, name, category (9 ratings, 0 things, 4 characters) and count of each tag, under a line
 * that says so. What stands from the first thing to the first character is a thing, what follows a character.
 *
 * @param file for messages
 * @throws ModelError `header-invalid` where there are no tags in it
 */
export function readTagLabels(text: string, file: string): TagLabels {
  const rows = readCsv(text).slice(1);
  const first = (category: string): number => rows.findIndex((row) => row[2]?.trim() === category);
  const [general, characters] = [first("0"), first("4")];
  if (general < 0) {
    const message = `${file} names no tags: a table with the columns tag_id, name, category and count is wanted, things under category 0.`;
    throw new ModelError("header-invalid", message, { path: file });
  }
  return {
    names: rows.map((row) => row[1] ?? ""),
    general,
    characters: characters < 0 ? rows.length : characters,
  };
}
