import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One row of a table of docs/models.md: what a kind of file is, what becomes of it here, and the file that proves it. */
export type ModelsRow = Readonly<{
  kind: string;
  /** `read`, or `refused: <what the sentence says>`. */
  here: string;
  /** Name of the proof below `test/golden/models`. */
  proof: string;
}>;

const docs = join(import.meta.dir, "../../docs/models.md");

/**
 * The rows of one table of docs/models.md: the first one below a heading. Its first column is the kind, its last two are
 * what becomes of it and the proof, in backquotes.
 *
 * @param heading without the hashes
 */
export function modelsTable(heading: string): readonly ModelsRow[] {
  const text = readFileSync(docs, "utf8");
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`docs/models.md has no heading ${heading}`);
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => {
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    const proof = /^`([\w.-]+)`$/.exec(cells.at(-1) ?? "")?.[1];
    if (proof === undefined) throw new Error(`a row of ${heading} names no file: ${line}`);
    return { kind: cells[0] ?? "", here: cells.at(-2) ?? "", proof };
  });
}
