import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

type Locked = Readonly<{
  version?: string;
  resolved?: string;
  integrity?: string;
  dependencies?: Readonly<Record<string, string>>;
  optionalDependencies?: Readonly<Record<string, string>>;
}>;

const root = join(import.meta.dir, "../../..");
const { packages }: Readonly<{ packages: Readonly<Record<string, Locked>> }> = JSON.parse(
  readFileSync(join(root, "package-lock.json"), "utf8"),
);

/** Whether a package that needs another finds it: in its own folder, or in one of those above. */
function isLocked(from: string, name: string): boolean {
  const above = from
    .split("/node_modules/")
    .map((_, i, parts) => parts.slice(0, parts.length - i).join("/node_modules/"));
  return [...above, ""].some(
    (folder) => `${folder}${folder === "" ? "" : "/"}node_modules/${name}` in packages,
  );
}

/** Every `package -> dependency` of one kind that the lock file does not list. */
const missing = (kind: "dependencies" | "optionalDependencies"): readonly string[] =>
  Object.entries(packages).flatMap(([path, locked]) =>
    Object.keys(locked[kind] ?? {})
      .filter((name) => !isLocked(path, name))
      .map((name) => `${path || "the project"} -> ${name}`),
  );

test("the lock file lists every dependency of every package, those of other systems included", () => {
  // npm 11 refuses `npm ci` with a lock file that lists only what its writer's system installed.
  const optional = Object.values(packages).flatMap((locked) =>
    Object.keys(locked.optionalDependencies ?? {}),
  );
  expect(optional.length).toBeGreaterThan(20);
  expect(missing("optionalDependencies")).toEqual([]);
  expect(missing("dependencies")).toEqual([]);
});

test("a package that is missing would be seen", () => {
  expect(isLocked("node_modules/sharp", "@img/sharp-linux-x64")).toBe(true);
  expect(isLocked("node_modules/sharp", "@img/sharp-of-nobody")).toBe(false);
});

test("every package has its checksum, and none is bound to one registry", () => {
  const strange = Object.entries(packages).filter(
    ([path, { resolved, integrity }]) => path !== "" && (resolved !== undefined || integrity === undefined),
  );
  expect(strange.map(([path]) => path)).toEqual([]);
});
