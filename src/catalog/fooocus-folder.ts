import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Texts of an existing Fooocus folder: what it holds beside models. Files that are no JSON are passed over, and that is told. Styles and
 * presets are read once, wildcards whenever they are asked for.
 */
export type FooocusFolder = Readonly<{
  styles: readonly Readonly<{ name: string; prompt: string; negative_prompt: string }>[];
  presets: ReadonlyMap<string, unknown>;
  /** Lines of the first `<name>.txt` under `wildcards`, sub-folders first; undefined when there is no such file. */
  wildcards: (name: string) => readonly string[] | undefined;
  /** Names that have such a file now. */
  wildcardNames: () => readonly string[];
}>;

/**
 * @param folder    an empty name is a folder with nothing in it
 * @param wildcards where the wildcards are, if not in that folder
 * @param tell      hears of files that are passed over
 */
export function readFooocusFolder(
  folder: string,
  wildcards = folder === "" ? "" : join(folder, "wildcards"),
  tell: (note: string) => void = () => undefined,
): FooocusFolder {
  return {
    styles: filesOf(folder, "sdxl_styles", tell).flatMap(({ value }) =>
      Array.isArray(value) ? value.flatMap(toStyle) : [],
    ),
    presets: new Map(filesOf(folder, "presets", tell).map(({ name, value }) => [name, value])),
    wildcards: (name) => {
      const file = wildcards === "" ? undefined : findText(wildcards, `${name}.txt`);
      return file === undefined ? undefined : wildcardLines(readFileSync(file, "utf8"));
    },
    wildcardNames: () => textsIn(wildcards).map((path) => basename(path, ".txt")),
  };
}

/** The lines of a wildcard file's text that say something, without blanks around them. */
export const wildcardLines = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** Compared with names that were listed, so that a name can never lead out of the folder. */
function findText(folder: string, wanted: string): string | undefined {
  const depth = (path: string): number => path.split("/").length;
  const letters = (path: string): string => path.toLowerCase();
  const found = textsIn(folder)
    .filter((path) => basename(path) === wanted)
    .toSorted((a, b) => depth(b) - depth(a) || (letters(a) < letters(b) ? -1 : 1));
  return found[0] === undefined ? undefined : join(folder, found[0]);
}

/** Text files below a folder; none where there is no such folder. */
const textsIn = (folder: string): readonly string[] =>
  folder === "" || !existsSync(folder)
    ? []
    : readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".txt"));

/** Style files that Fooocus loads first, in this order; the order of styles is that of its lists and random draws. */
const firstFiles = ["fooocus", "sai", "mre", "twri", "diva", "marc_k3nt3l"].map(
  (name) => `sdxl_styles_${name}.json`,
);

const rank = (name: string): number => {
  const at = firstFiles.indexOf(name);
  return at < 0 ? firstFiles.length : at;
};

function filesOf(
  folder: string,
  part: string,
  tell: (note: string) => void,
): readonly Readonly<{ name: string; value: unknown }>[] {
  const path = join(folder, part);
  if (folder === "" || !existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(".json"))
    .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .flatMap((name) => {
      try {
        return [
          { name: name.slice(0, -5), value: JSON.parse(readFileSync(join(path, name), "utf8")) as unknown },
        ];
      } catch (thrown) {
        tell(`${part}/${name} is passed over: ${thrown instanceof Error ? thrown.message : String(thrown)}.`);
        return [];
      }
    });
}

function toStyle(entry: unknown): FooocusFolder["styles"] {
  if (typeof entry !== "object" || entry === null || !("name" in entry) || typeof entry.name !== "string")
    return [];
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return [
    {
      name: shownName(entry.name),
      prompt: text("prompt" in entry ? entry.prompt : undefined),
      negative_prompt: text("negative_prompt" in entry ? entry.negative_prompt : undefined),
    },
  ];
}

/** As requests name it, by Fooocus' own rule: `sai-3d-model` is `SAI 3D Model`. */
const shownName = (name: string): string =>
  name
    .split(/[\s-]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join(" ")
    .replaceAll("3d", "3D")
    .replaceAll("Sai", "SAI")
    .replaceAll("Mre", "MRE")
    .replaceAll("(s", "(S");
