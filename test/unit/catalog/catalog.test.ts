import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import { findModel } from "#/catalog/find-model.ts";
import { ModelHashes } from "#/catalog/hashes.ts";
import { sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";
import { writeZeros } from "../../support/write-safetensors.ts";

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

/** The least that begins like a safetensors file. */
const empty = "\x02\0\0\0\0\0\0\0{}";

test("names are relative, sub-folders first, letters in any case, other files left out", () => {
  const folder = models({
    "loras/b.safetensors": empty,
    "loras/A.safetensors": empty,
    "loras/notes.txt": "notes",
    "loras/z/deep/x.safetensors": empty,
    "loras/z/Y.SAFETENSORS": empty,
    "loras/C/c.safetensors": empty,
  });
  expect(new Catalog([folder]).names("loras")).toEqual([
    "C/c.safetensors",
    "z/deep/x.safetensors",
    "z/Y.SAFETENSORS",
    "A.safetensors",
    "b.safetensors",
  ]);
  expect(new Catalog([folder, join(root, "nowhere")]).names("vae")).toEqual([]);
});

test("what cannot be read is not offered: pickles, empty files, unfinished ones and macOS' companions", () => {
  const folder = models({
    "checkpoints/pickle.ckpt": "PK\x03\x04 and so on",
    "checkpoints/old.bin": "\x80\x02",
    "checkpoints/small.pth": "x",
    "checkpoints/renamed.ckpt": empty,
    "checkpoints/empty.safetensors": "",
    "checkpoints/half.safetensors.part": empty,
    "checkpoints/._real.safetensors": "\0\x05\x16\x07",
    "checkpoints/real.safetensors": empty,
    "checkpoints/folder.safetensors/inside.safetensors": empty,
  });
  symlinkSync(join(folder, "nowhere"), join(folder, "checkpoints", "gone.safetensors"));
  symlinkSync("circle.safetensors", join(folder, "checkpoints", "circle.safetensors"));
  expect(new Catalog([folder]).names("checkpoints")).toEqual([
    "folder.safetensors/inside.safetensors",
    "real.safetensors",
    "renamed.ckpt",
  ]);
});

test("PyTorch's files are offered under any of their endings, other zip archives and pickles are not", () => {
  const zip = `PK\x03\x04${"\0".repeat(22)}\x0c\0\0\0`;
  const old = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
  const files = {
    "a.ckpt": `${zip}a/data.pkl..`,
    "b.pt": `${zip}a/data.pkl..`,
    "c.bin": `${zip}holiday.html`,
    "d.pth": old,
    "e.bin": old.replace("\x02", "\x04"),
    "f.bin": old.replace("P", "Q"),
  };
  const folder = models({ "loras/notes.txt": "" });
  for (const [name, bytes] of Object.entries(files))
    writeFileSync(join(folder, "loras", name), Buffer.from(bytes, "latin1"));
  expect(new Catalog([folder]).names("loras")).toEqual(["a.ckpt", "b.pt", "d.pth", "e.bin"]);
});

test("a file that is there and is not offered is told for what it is", () => {
  const folder = models({
    "checkpoints/pickle.ckpt": "PK\x03\x04 and so on",
    "checkpoints/model.gguf": "GGUF\x03\0\0\0",
    "checkpoints/empty.safetensors": "",
    "checkpoints/page.bin": "<html>secret",
    "checkpoints/real.safetensors": empty,
    "checkpoints/half.safetensors.part": empty,
    "checkpoints/anime/a.safetensors": empty,
  });
  const catalog = new Catalog([folder]);
  const why = (name: string) => catalog.unreadable("checkpoints", name);
  expect(why("pickle.ckpt")).toBe("it is a zip archive, and not one of PyTorch's");
  expect(why("model.gguf")).toContain("it is a GGUF file");
  expect(why("empty.safetensors")).toBe("it is empty");
  expect(why("page.bin")).toBe("it is a web page; the download went wrong");
  for (const name of ["real.safetensors", "half.safetensors.part", "anime", "nowhere.ckpt", "../x", ""])
    expect(why(name)).toBeUndefined();
});

test("a folder, a name below a file and one that is too long are no models", () => {
  const folder = models({
    "checkpoints/anime/a.safetensors": empty,
    "checkpoints/b.json/c.safetensors": empty,
  });
  const catalog = new Catalog([folder]);
  for (const name of ["anime", "anime/", "anime/a.safetensors/b", "x".repeat(5000), "b.json"]) {
    expect(catalog.path("checkpoints", name)).toBeUndefined();
    expect(catalog.sidecar(name)).toEqual({});
  }
  expect(catalog.sidecar("b.safetensors")).toEqual({});
  expect(catalog.bytes("checkpoints", "anime")).toBe(0);
});

test("several roots are searched in order, one of them for one kind alone", () => {
  const one = models({ "checkpoints/a.safetensors": "one" });
  const two = models({
    "checkpoints/a.safetensors": "two",
    "checkpoints/b.safetensors": "two",
    "loras/l.safetensors": "two",
  });
  const shared = models({ "c.safetensors": "shared" });
  const catalog = new Catalog([one, `checkpoints=${shared}`, two]);
  expect(catalog.names("checkpoints")).toEqual(["a.safetensors", "c.safetensors", "b.safetensors"]);
  expect(catalog.names("loras")).toEqual(["l.safetensors"]);
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

test("the checkpoint for requests that name none is the largest SDXL base model, whatever else lies there", () => {
  const folder = models({
    "checkpoints/demo.safetensors": "d",
    "checkpoints/text.safetensors": "x".repeat(99),
  });
  truncateSync(join(folder, "checkpoints/text.safetensors"), 60_000_000);
  const tiny = Object.fromEntries(sdxlShapes(sdxlTiny));
  const without = (pattern: RegExp) =>
    Object.fromEntries(Object.entries(tiny).filter(([key]) => !pattern.test(key)));
  const put = (name: string, shapes: Readonly<Record<string, readonly number[]>>) =>
    writeZeros(join(folder, "checkpoints", name), shapes);
  put("small.safetensors", without(/^first_stage_model\.encoder|^first_stage_model\.quant_conv/));
  put("no-vae.safetensors", { ...without(/^first_stage_model/), "more.weight": [2048, 4096] });
  put("flux.safetensors", { "double_blocks.0.img_attn.qkv.weight": [8192, 4096] });
  const notes: string[] = [];
  const catalog = new Catalog([folder], (note) => notes.push(note));
  expect(catalog.defaultCheckpoint(["wanted.safetensors", "demo.safetensors"])).toBe("demo.safetensors");
  expect(catalog.defaultCheckpoint(["wanted.safetensors"])).toBe("small.safetensors");
  expect(
    notes.map((note) => note.replace(/ is not taken where a request names no checkpoint: /, ": ")),
  ).toEqual([
    "flux.safetensors: flux.safetensors is not an SDXL base model: it is a Flux model (only SDXL models are drawn here).",
    "text.safetensors: text.safetensors: it is a text, not a model; the download went wrong.",
    expect.stringContaining("no-vae.safetensors has no VAE inside"),
  ]);
  // Once each, and a file that was put there since is seen.
  put("whole.safetensors", tiny);
  expect(catalog.defaultCheckpoint([])).toBe("whole.safetensors");
  put("whole.safetensors", without(/middle_block/));
  put("whole.safetensors", { ...without(/input_blocks\.0\./), "more.weight": [512, 512] });
  expect(catalog.defaultCheckpoint([])).toBe("small.safetensors");
  expect(notes.length).toBe(4);
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
  for (const words of told) expect(notes.join("\n")).toContain(words);
  expect(notes.join("\n")).toContain("default_guidance_scale");
  expect(catalog.sidecarFaults("a.safetensors")).toEqual([]);
  expect(catalog.sidecarFaults("d.safetensors")).toEqual([
    'd.json: good_sizes cannot be "all" and is passed over.',
  ]);
});

test("a checkpoint's file may decide how it is sampled", () => {
  const folder = models({
    "checkpoints/a.safetensors": "a",
    "checkpoints/a.json": '{"prediction_type": "v", "zero_terminal_snr": true}',
    "checkpoints/b.safetensors": "b",
    "checkpoints/b.json": '{"prediction_type": "sample", "zero_terminal_snr": "yes"}',
  });
  const notes: string[] = [];
  const catalog = new Catalog([folder], (note) => notes.push(note));
  expect(catalog.sidecar("a.safetensors")).toEqual({ prediction_type: "v", zero_terminal_snr: true });
  expect(catalog.sidecar("b.safetensors")).toEqual({});
  expect(notes).toHaveLength(2);
  expect(catalog.sidecarFaults("b.safetensors")).toEqual([
    'b.json: prediction_type cannot be "sample" and is passed over.',
    'b.json: zero_terminal_snr cannot be "yes" and is passed over.',
  ]);
});

test("what it predicts is understood in the words of other programs, and after a mark of its encoding", () => {
  const words = { epsilon: "eps", V: "v", v_prediction: "v", "v-prediction": "v" } as const;
  for (const [word, means] of Object.entries(words)) {
    const folder = models({
      "checkpoints/a.safetensors": "a",
      "checkpoints/a.json": `\ufeff{"prediction_type": "${word}"}`,
    });
    const catalog = new Catalog([folder]);
    expect(catalog.sidecar("a.safetensors")).toEqual({ prediction_type: means });
    expect(catalog.sidecarFaults("a.safetensors")).toEqual([]);
  }
});

test("a file of that name in another folder says nothing of the checkpoint", () => {
  const other = models({ "checkpoints/a.json": '{"prediction_type": "v"}' });
  const own = models({ "checkpoints/a.safetensors": "a" });
  expect(new Catalog([other, own]).sidecar("a.safetensors")).toEqual({});
  expect(new Catalog([own, other]).sidecar("a.safetensors")).toEqual({});
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
