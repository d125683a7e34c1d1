import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import { findModel } from "#/catalog/find-model.ts";
import { ModelHashes } from "#/catalog/hashes.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-catalog-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A models folder with these files; a value is a file's content. */
function models(files: Readonly<Record<string, string>>): string {
  const folder = join(root, crypto.randomUUID());
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

test("names are relative, sub-folders first, letters in any case, other files left out", () => {
  const folder = models({
    "loras/b.safetensors": "",
    "loras/A.ckpt": "",
    "loras/notes.txt": "",
    "loras/z/deep/x.bin": "",
    "loras/z/y.pth": "",
    "loras/C/c.safetensors": "",
  });
  expect(new Catalog([folder]).names("loras")).toEqual([
    "C/c.safetensors",
    "z/deep/x.bin",
    "z/y.pth",
    "A.ckpt",
    "b.safetensors",
  ]);
  expect(new Catalog([folder, join(root, "nowhere")]).names("vae")).toEqual([]);
});

test("several roots are searched in order, one of them for one kind alone", () => {
  const one = models({ "checkpoints/a.safetensors": "one" });
  const two = models({
    "checkpoints/a.safetensors": "two",
    "checkpoints/b.safetensors": "two",
    "loras/l.pth": "",
  });
  const shared = models({ "c.safetensors": "shared" });
  const catalog = new Catalog([one, `checkpoints=${shared}`, two]);
  expect(catalog.names("checkpoints")).toEqual(["a.safetensors", "c.safetensors", "b.safetensors"]);
  expect(catalog.names("loras")).toEqual(["l.pth"]);
  expect(readFileSync(catalog.path("checkpoints", "a.safetensors") ?? "", "utf8")).toBe("one");
  expect(readFileSync(catalog.path("checkpoints", "c.safetensors") ?? "", "utf8")).toBe("shared");
  expect(catalog.path("loras", "c.safetensors")).toBeUndefined();
});

test("links are followed, circles end, and no name leaves its folder", () => {
  const folder = models({ "checkpoints/a.safetensors": "a" });
  symlinkSync(join(folder, "checkpoints"), join(folder, "checkpoints", "loop"));
  symlinkSync(
    join(folder, "checkpoints", "a.safetensors"),
    join(folder, "checkpoints", "linked.safetensors"),
  );
  const catalog = new Catalog([folder]);
  expect(catalog.names("checkpoints")).toEqual(["a.safetensors", "linked.safetensors"]);
  expect(catalog.path("checkpoints", "linked.safetensors")).toEndWith("a.safetensors");
  for (const name of ["../checkpoints/a.safetensors", "/etc/passwd", "", "a\0b", "x/../../y"])
    expect(findModel([folder], "checkpoints", name)).toBeUndefined();
});

test("the checkpoint for requests that name none", () => {
  const folder = models({
    "checkpoints/demo.safetensors": "d",
    "checkpoints/big.safetensors": "bigger",
    "checkpoints/biggest.ckpt": "not one we can open",
  });
  const catalog = new Catalog([folder]);
  expect(catalog.defaultCheckpoint(["wanted.safetensors", "demo.safetensors"])).toBe("demo.safetensors");
  expect(catalog.defaultCheckpoint(["wanted.safetensors"])).toBe("big.safetensors");
  expect(new Catalog([]).defaultCheckpoint(["x"])).toBeUndefined();
});

test("a checkpoint may say things of itself, and a broken word is no word", () => {
  const folder = models({
    "checkpoints/a.safetensors": "",
    "checkpoints/a.json": '{"default_aspect_ratio": "256*256"}',
    "checkpoints/b.safetensors": "",
    "checkpoints/b.json": "{",
    "checkpoints/d.safetensors": "",
    "checkpoints/d.json":
      '{"default_guidance": 3, "default_guidance_scale": 5.5, "largest_pixels": 9, "good_sizes": "all"}',
  });
  const notes: string[] = [];
  const catalog = new Catalog([folder], (note) => notes.push(note));
  expect(catalog.sidecar("a.safetensors")).toEqual({ default_aspect_ratio: "256*256" });
  expect([catalog.sidecar("b.safetensors"), catalog.sidecar("c.safetensors")]).toEqual([{}, {}]);
  expect(catalog.sidecar("d.safetensors")).toEqual({ default_guidance_scale: 5.5, largest_pixels: 9 });
  expect(catalog.sidecar("d.safetensors")).toEqual({ default_guidance_scale: 5.5, largest_pixels: 9 });
  const told = ["b.json is not JSON", "d.json: default_guidance means nothing", 'good_sizes cannot be "all"'];
  expect(notes).toHaveLength(told.length);
  for (const [i, words] of told.entries()) expect(notes[i]).toContain(words);
  expect(notes[1]).toContain("default_guidance_scale");
});

test("a hash is made once, kept over restarts, and made anew when the file changes", async () => {
  const folder = models({ "checkpoints/a.safetensors": "weights" });
  const path = join(folder, "checkpoints/a.safetensors");
  const cache = join(folder, "hashes.json");
  const sha = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");
  const hashes = new ModelHashes(cache);
  expect(await Promise.all([hashes.of(path), hashes.of(path)])).toEqual([sha("weights"), sha("weights")]);
  // The cache is believed: with size and time as they were, the file is not read again.
  const known = JSON.parse(readFileSync(cache, "utf8"));
  known[path].sha256 = "f".repeat(64);
  writeFileSync(cache, JSON.stringify(known));
  expect(await new ModelHashes(cache).of(path)).toBe("f".repeat(64));
  writeFileSync(path, "changed");
  utimesSync(path, 1, 1);
  expect(await new ModelHashes(cache).of(path)).toBe(sha("changed"));
  expect(await hashes.of(join(folder, "gone"))).toBe("");
  writeFileSync(cache, "{ broken");
  expect(await new ModelHashes(cache).of(path)).toBe(sha("changed"));
});
