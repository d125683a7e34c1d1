import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Texts of an existing Fooocus folder: what it holds beside models. Files that are no JSON are passed over. */
export type FooocusFolder = Readonly<{
  styles: readonly Readonly<{ name: string; prompt: string; negative_prompt: string }>[];
  presets: ReadonlyMap<string, unknown>;
  /** Lines of `wildcards/<name>.txt`; undefined when there is no such file. */
  wildcards: (name: string) => readonly string[] | undefined;
}>;

/** @param folder an empty name is a folder with nothing in it */
export function readFooocusFolder(folder: string): FooocusFolder {
  return {
    styles: filesOf(folder, "sdxl_styles").flatMap(({ value }) =>
      Array.isArray(value) ? value.flatMap(toStyle) : [],
    ),
    presets: new Map(filesOf(folder, "presets").map(({ name, value }) => [name, value])),
    wildcards: (name) => {
      const file = join(folder, "wildcards", `${name}.txt`);
      if (folder === "" || !/^[\w-]+$/.test(name) || !existsSync(file)) return undefined;
      return readFileSync(file, "utf8")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    },
  };
}

function filesOf(folder: string, part: string): readonly Readonly<{ name: string; value: unknown }>[] {
  const path = join(folder, part);
  if (folder === "" || !existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .flatMap((name) => {
      try {
        return [
          { name: name.slice(0, -5), value: JSON.parse(readFileSync(join(path, name), "utf8")) as unknown },
        ];
      } catch {
        return [];
      }
    });
}

/** Fooocus shows `fooocus-enhance` as `Fooocus Enhance`, and known abbreviations in capitals. */
function toStyle(entry: unknown): FooocusFolder["styles"] {
  if (typeof entry !== "object" || entry === null || !("name" in entry) || typeof entry.name !== "string")
    return [];
  const { name } = entry;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return [
    {
      name,
      prompt: text("prompt" in entry ? entry.prompt : undefined),
      negative_prompt: text("negative_prompt" in entry ? entry.negative_prompt : undefined),
    },
  ];
}
