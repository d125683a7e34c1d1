import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const document = readFileSync(join(import.meta.dir, "../../docs/architecture.md"), "utf8");

/** What a part of the house may import, beside `lib` and the types of `config`: modules, and types only. */
type Allowed = Readonly<{ values: readonly string[]; types: readonly string[] }>;

/**
 * Who may import whom: the table of the document itself ("Who may import whom"), whose rows are parts, what they may
 * import, and of what types only. What stands in brackets is for people.
 */
function importTable(markdown: string): ReadonlyMap<string, Allowed> {
  const section = markdown.split(/^## /m).find((text) => text.includes("Who may import whom")) ?? "";
  const rows = section.matchAll(/^\| (`.*) \| (.*?) ?\| (.*?) ?\|$/gm);
  const list = (cell: string) =>
    cell
      .replace(/\([^)]*\)/g, "")
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean);
  return new Map(
    [...rows].flatMap(([, parts = "", values = "", types = ""]) =>
      list(parts).map((part) => [part.replaceAll("`", ""), { values: list(values), types: list(types) }]),
    ),
  );
}

const mayImport = importTable(document);

/** Packages that only one part may know, so that replacing one stays a matter of one folder. */
const ownersOfPackages: Readonly<Record<string, readonly string[]>> = {
  "@modelcontextprotocol/server": ["doors"],
  "onnxruntime-node": ["runtime"],
  sharp: ["image"],
  elysia: ["doors", "routes"],
  bullmq: ["fleet"],
  ioredis: ["fleet"],
  "bun:sqlite": ["stores"],
  "drizzle-orm": ["stores"],
  "bun:ffi": ["native", "runtime"],
  commander: ["cli", "config"],
};

/**
 * `process.env` has three readers: main, for the configuration; the folder libraries are unpacked to before there is one; and
 * who hands it on to engines that may see one card each.
 */
const readersOfEnvironment = ["engines.ts", "main.ts", "native/cache.ts"];

type Import = Readonly<{ from: string; to: string; typeOnly: boolean }>;

const src = join(import.meta.dir, "../../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((path) => path.split("\\").join("/"))
  .filter((path) => /\.tsx?$/.test(path))
  .toSorted();
const texts = new Map(files.map((path) => [path, readFileSync(join(src, path), "utf8")]));

const betweenTheSides = new Set(["protocol.ts", "engine.ts", "channel.ts"]);

/**
 * The part of the house a file belongs to: its folder; the engine's has two sides and what lies between them, the tasks'
 * one for each of their subjects, and of the pipeline the grammar of prompts is pure.
 */
function partOf(path: string): string {
  const [folder = "", name, ...more] = path.split("/");
  if (name === undefined) return folder.replace(/\.tsx?$/, "");
  if (folder === "pipeline" && name === "text") return "pipeline/text";
  if (folder === "tasks" && more.length > 0) return `tasks/${name}`;
  if (folder !== "engine") return folder;
  if (betweenTheSides.has(name)) return "engine/protocol";
  return ["host.ts", "reopening.ts"].includes(name) ? "engine/host" : "engine/worker";
}

/** Our comments contain code, which must not count. */
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");

/** Imports, re-exports and dynamic imports of a module's text. */
function importsOf(from: string, text: string): readonly Import[] {
  const code = withoutComments(text);
  const statements = code.matchAll(/^(?:import|export)\s+([^;"']*?from\s+)?"([^"]+)"/gm);
  const dynamic = code.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g);
  return [
    ...[...statements].map(([, clause = "", to = ""]) => ({ from, to, typeOnly: isTypeOnly(clause) })),
    ...[...dynamic].map(([, to = ""]) => ({ from, to, typeOnly: false })),
  ];
}

function isTypeOnly(clause: string): boolean {
  if (/^type\s/.test(clause)) return true;
  const names = /^\{([\s\S]*)\}\s*from\s+$/.exec(clause)?.[1];
  return (
    names !== undefined && names.split(",").every((name) => name.trim() === "" || /^\s*type\s/.test(name))
  );
}

/** The file inside `src` an import leads to; `undefined` for a package. */
function targetOf({ from, to }: Import): string | undefined {
  if (to.startsWith("#/")) return to.slice(2);
  return to.startsWith(".") ? posix.join(posix.dirname(from), to) : undefined;
}

const imports = [...texts].flatMap(([path, text]) => importsOf(path, text));

test("the reader of imports sees every form", () => {
  const text = `
    /** import { no } from "comment"; */
import type { A } from "#/a/types.ts";
import { type B, type C } from "#/b/types.ts";
import { type D, d } from "#/d/value.ts";
import {
  e,
} from "./e.ts";
import "./effect.ts";
export { f } from "../f.ts";
const g = await import("#/g/lazy.ts");
`;
  expect(importsOf("x/y.ts", text).map(({ to, typeOnly }) => `${to}${typeOnly ? " type" : ""}`)).toEqual([
    "#/a/types.ts type",
    "#/b/types.ts type",
    "#/d/value.ts",
    "./e.ts",
    "./effect.ts",
    "../f.ts",
    "#/g/lazy.ts",
  ]);
  expect(imports.length).toBeGreaterThan(10);
});

test("the table of the document is read as it is meant", () => {
  const table = `
## 3. Who may import whom
| part | may import | types only |
| --- | --- | --- |
| \`a/b\` (with c.ts, d.ts) | e, f/g (some, of it) | h |
| \`i\`, \`j\` | | |
## 4. Other
| \`k\` | l | |
`;
  expect([...importTable(table)]).toEqual([
    ["a/b", { values: ["e", "f/g"], types: ["h"] }],
    ["i", { values: [], types: [] }],
    ["j", { values: [], types: [] }],
  ]);
});

test("every part of the house is in the table, and the table names nothing else", () => {
  const parts = new Set(files.map(partOf));
  const named = [...mayImport].flatMap(([part, { values, types }]) => [part, ...values, ...types]);
  expect(named.filter((part) => !parts.has(part))).toEqual([]);
  expect([...new Set(files.map(partOf))].filter((part) => !mayImport.has(part))).toEqual([]);
});

test("imports go downwards only", () => {
  const forbidden = imports.filter((one) => {
    const target = targetOf(one);
    if (target === undefined) return false;
    const [from, to] = [partOf(one.from), partOf(target)];
    if (from === to || to === "lib" || (to === "config" && one.typeOnly)) return false;
    const { values = [], types = [] } = mayImport.get(from) ?? {};
    return !(values.includes(to) || (one.typeOnly && types.includes(to)));
  });
  expect(forbidden.map(({ from, to, typeOnly }) => `${from} -> ${to}${typeOnly ? " (type)" : ""}`)).toEqual(
    [],
  );
});

test("what is special about one door stays in its folder: it is known to the table of doors, and to other doors", () => {
  const strangers = imports.filter((one) => {
    const [folder, , file] = targetOf(one)?.split("/") ?? [];
    return folder === "doors" && file !== undefined && !one.from.startsWith("doors/");
  });
  expect(strangers.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test("a native or framework package is known to its owner alone", () => {
  const strangers = imports.filter(({ from, to, typeOnly }) => {
    const owner = Object.entries(ownersOfPackages).find(([name]) => to === name || to.startsWith(`${name}/`));
    return owner !== undefined && !typeOnly && !owner[1].includes(partOf(from));
  });
  expect(strangers.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test("no file imports itself by way of others", () => {
  const edges = Map.groupBy(
    imports.flatMap((one) => {
      const target = targetOf(one);
      return target === undefined || one.typeOnly ? [] : [{ from: one.from, target }];
    }),
    ({ from }) => from,
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    if (done.has(path)) return;
    done.add(path);
    for (const { target } of edges.get(path) ?? []) visit(target, [...trail, path]);
  };
  for (const path of files) visit(path, []);
  expect(cycles).toEqual([]);
});

test("a folder's own files are imported relatively, others by #/", () => {
  const wrong = imports.filter((one) => {
    const target = targetOf(one);
    if (target === undefined) return false;
    const sameFolder = target.split("/")[0] === one.from.split("/")[0] && target.includes("/");
    return one.to.startsWith("#/") === sameFolder && target.includes("/");
  });
  expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test("no module holds state: no let at top level", () => {
  const held = [...texts].filter(([, text]) => /^(?:export\s+)?let\s/m.test(text));
  expect(held.map(([path]) => path)).toEqual([]);
});

test("the environment is read where the configuration is made", () => {
  const readers = [...texts]
    .filter(([, text]) => /\bprocess\.env\b/.test(withoutComments(text)))
    .map(([path]) => path);
  expect(readers.filter((path) => !readersOfEnvironment.includes(path))).toEqual([]);
});

const lengths = [...texts].map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }));

test("a file is about one thing: at most 300 lines", () => {
  expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
});

test("most files are short: the median is at most 60 lines", () => {
  const sorted = lengths.map(({ lines }) => lines).toSorted((a, b) => a - b);
  expect(sorted[Math.floor((sorted.length - 1) / 2)]).toBeLessThanOrEqual(60);
});
