import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnownFolders } from "#/catalog/known-folders.ts";
import { modelNames } from "#/catalog/model-names.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-folders-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const content = "\x02\0\0\0\0\0\0\0{}";

/** A folder of models, and what a catalog knows of it; a clock that is ahead of the files' as far as it is told. */
function opened() {
  const folder = join(root, crypto.randomUUID());
  mkdirSync(join(folder, "sub"), { recursive: true });
  const put = (name: string, text = content): void => writeFileSync(join(folder, name), text);
  const clock = { ahead: 10_000 };
  const folders = new KnownFolders(() => Date.now() + clock.ahead);
  const names = () => modelNames(folder, (one) => folders.list(one));
  for (const name of ["b.safetensors", "a.safetensors", "sub/c.safetensors"]) put(name);
  return { folder, put, clock, names };
}

test("what comes, goes, moves and is renamed is seen at once, in sub-folders too", () => {
  const { folder, put, names } = opened();
  expect(names()).toEqual(["sub/c.safetensors", "a.safetensors", "b.safetensors"]);
  put("sub/d.safetensors");
  put("z.safetensors");
  expect(names()).toEqual([
    "sub/c.safetensors",
    "sub/d.safetensors",
    "a.safetensors",
    "b.safetensors",
    "z.safetensors",
  ]);
  rmSync(join(folder, "z.safetensors"));
  renameSync(join(folder, "a.safetensors"), join(folder, "sub/a.safetensors"));
  expect(names()).toEqual(["sub/a.safetensors", "sub/c.safetensors", "sub/d.safetensors", "b.safetensors"]);
  rmSync(join(folder, "sub"), { recursive: true });
  expect(names()).toEqual(["b.safetensors"]);
  rmSync(folder, { recursive: true });
  expect(names()).toEqual([]);
});

test("a folder that cannot be reached has nothing to offer, and takes nothing from the others", () => {
  const { folder, names } = opened();
  symlinkSync("circle", join(folder, "circle"));
  const folders = new KnownFolders();
  expect(modelNames(join(folder, "circle"), (one) => folders.list(one))).toEqual([]);
  expect(modelNames(join(folder, "circle"))).toEqual([]);
  expect(names()).toEqual(["sub/c.safetensors", "a.safetensors", "b.safetensors"]);
});

test("a folder that did not change is not looked through again, but for its links and what was no model", () => {
  const { folder, put, clock, names } = opened();
  put("later.ckpt", "");
  put("target.data");
  symlinkSync(join(folder, "target.data"), join(folder, "link.safetensors"));
  const first = ["sub/c.safetensors", "a.safetensors", "b.safetensors", "link.safetensors"];
  expect(names()).toEqual(first);
  // Written into, so that its folder does not change.
  truncateSync(join(folder, "a.safetensors"));
  expect(names()).toEqual(first);
  truncateSync(join(folder, "target.data"));
  put("later.ckpt", content);
  expect(names()).toEqual(["sub/c.safetensors", "a.safetensors", "b.safetensors", "later.ckpt"]);
  // Not for ever: there are file systems that do not tell.
  clock.ahead += 20_000;
  expect(names()).toEqual(["sub/c.safetensors", "b.safetensors", "later.ckpt"]);
});

test("a folder that changed a moment ago is looked through again: its clock may not tell two changes apart", () => {
  const { folder, clock, names } = opened();
  clock.ahead = 0;
  expect(names()).toHaveLength(3);
  truncateSync(join(folder, "a.safetensors"));
  expect(names()).toEqual(["sub/c.safetensors", "b.safetensors"]);
});
