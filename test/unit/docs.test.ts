import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** That the pages about the code name what is there. */
const root = join(import.meta.dir, "../..");
const page = (name: string) => readFileSync(join(root, name), "utf8");
const files = ["src", "test", "scripts", "docs", "findings"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
);

/** Names of files in a text, but for those with a placeholder in them. */
const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(/(?<![\w<>./@-])[\w./-]*[\w-]\.(?:ts|tsx|mjs|py|md|sh)\b(?![\w<>-])/g)].map(
    ([name]) => name,
  );

/** Links are relative to their page, all else to the root or to any folder: `recipe/resolve.ts`, `recipe.ts`. */
const isThere = (name: string): boolean => {
  const path = name.replace(/^(\.\.?\/)+/, "");
  return existsSync(join(root, path)) || files.some((file) => file.endsWith(`/${path}`));
};

/** The paths of a tree whose lines begin with them; what is indented further than a name may be goes on with the line before. */
function treeOf(markdown: string): readonly string[] {
  const [, block = ""] = /^```\n([\s\S]*?)^```/m.exec(markdown) ?? [];
  const above: string[] = [];
  return [...block.matchAll(/^((?: {2}){0,4})([\w.-]+\/?)(?= |$)/gm)].map(([, indent = "", name = ""]) => {
    above.length = indent.length / 2;
    const path = [...above, name].join("");
    above.push(name);
    return path;
  });
}

for (const name of ["docs/architecture.md", "docs/adding.md", "CONTRIBUTING.md"])
  test(`every file that ${name} names is there`, () => {
    const named = namesIn(page(name));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !isThere(path))).toEqual([]);
  });

test("names are found in every dress, and placeholders are not", () => {
  const text = "`src/app.ts`, a.mjs (b/c.test.ts) [x](../d.md) src/<door>/e.ts <name>.ts f.ts.";
  expect(namesIn(text)).toEqual(["src/app.ts", "a.mjs", "b/c.test.ts", "../d.md", "f.ts"]);
  expect(["src/app.ts", "../README.md", "recipe/resolve.ts", "nowhere.ts"].map(isThere)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test("the tree of the architecture is there, and no folder of src is missing in it", () => {
  const tree = treeOf(page("docs/architecture.md"));
  expect(tree.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(folders.map((entry) => `src/${entry.name}/`).filter((path) => !tree.includes(path))).toEqual([]);
});
