import { afterAll, expect, test } from "bun:test";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWeights } from "#/weights/open-weights.ts";
import { readWeight } from "#/weights/read-weights.ts";
import * as p from "../../support/pickle-bytes.ts";
import { stored, writeTensors } from "../../support/write-safetensors.ts";
import { legacy, torchMembers, zip } from "../../support/write-torch.ts";

const folder = mkdtempSync(join(tmpdir(), "door-"));
afterAll(() => rmSync(folder, { recursive: true }));

const numbers = [1, 2, 3, 4];
const storages = { "0": new Uint8Array(Float32Array.from(numbers).buffer) };
const object = p.pickle(p.dict(["a", p.vector("0", 4)]));

function written(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test("a file is what it begins like, whatever its name says", () => {
  const files = [
    writeTensors(join(folder, "safetensors.ckpt"), { a: stored("F32", [4], numbers) }),
    written("zip.safetensors", zip(torchMembers(object, storages))),
    written("old.safetensors", legacy(object, storages)),
    written("old", legacy(object, storages)),
  ];
  for (const path of files) {
    const { tensors, size, stamp } = openWeights(path);
    expect([...tensors.keys()]).toEqual(["a"]);
    expect([...readWeight(tensors.get("a")!)]).toEqual(numbers);
    expect([size > 0, stamp.length > 0]).toEqual([true, true]);
  }
});

test("what is no weight file is told for what it is", () => {
  const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, "latin1"));
  const tar = text(`sys_info${"\0".repeat(249)}ustar\u000000${"\0".repeat(240)}`);
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [tar, "it is a tar archive, as PyTorch wrote them before 2017"],
    [object, "it is a pickle, and not one of PyTorch's; convert it to safetensors"],
    [text("PK\x03\x04 and so on"), "it is a zip archive, and not one of PyTorch's"],
    [text("<html>"), "it is a web page"],
    [text(""), "too short for a safetensors file"],
  ];
  for (const [bytes, words] of cases) expect(() => openWeights(written("file.pt", bytes))).toThrow(words);
  expect(() => openWeights(join(folder, "nowhere"))).toThrow("nowhere cannot be opened (ENOENT)");
  expect(() => openWeights(folder)).toThrow("it is no file");
});

test("tensors behind four gigabytes are found by sizes of 64 bits", () => {
  const count = 1_310_720_000; // 5 GiB, which take no room on the disk
  const pickled = p.pickle(p.dict(["large", p.vector("0", count)], ["small", p.vector("1", 4)]));
  const path = join(folder, "large.pt");
  const file = openSync(path, "w");
  let at = 0;
  const list: Uint8Array[] = [];
  const member = (name: string, size: number, bytes?: Uint8Array): void => {
    const own = new TextEncoder().encode(`a/${name}`);
    const lengths = p.joined(p.little(own.length, 2), p.little(20, 2));
    const sizes = p.joined(p.little(1, 2), p.little(16, 2), p.little(size, 8), p.little(size, 8));
    const full = p.little(0xffffffff, 4);
    const common = p.joined(p.little(0, 4), p.little(0, 4), p.little(0, 4), full, full); // stored, no time, no checksum
    const header = p.joined(p.little(0x04034b50, 4), p.little(45, 2), common, lengths, own, sizes);
    const extra = p.joined(
      p.little(1, 2),
      p.little(24, 2),
      p.little(size, 8),
      p.little(size, 8),
      p.little(at, 8),
    );
    const listed = p.joined(
      p.little(own.length, 2),
      p.little(extra.length, 2),
      p.little(0, 10),
      full,
      own,
      extra,
    );
    list.push(p.joined(p.little(0x02014b50, 4), p.little(45, 2), p.little(45, 2), common, listed));
    writeSync(file, header, 0, header.length, at);
    if (bytes !== undefined) writeSync(file, bytes, 0, bytes.length, at + header.length);
    at += header.length + size;
  };
  member("data.pkl", pickled.length, pickled);
  member("data/0", 4 * count);
  member("data/1", 16, storages["0"]);
  const directory = p.joined(...list);
  const counts = p.joined(p.little(3, 8), p.little(3, 8), p.little(directory.length, 8), p.little(at, 8));
  const wide = p.joined(
    p.little(0x06064b50, 4),
    p.little(44, 8),
    p.little(45, 2),
    p.little(45, 2),
    p.little(0, 8),
    counts,
  );
  const locator = p.joined(
    p.little(0x07064b50, 4),
    p.little(0, 4),
    p.little(at + directory.length, 8),
    p.little(1, 4),
  );
  const short = p.joined(
    p.little(3, 2),
    p.little(3, 2),
    p.little(directory.length, 4),
    p.little(0xffffffff, 4),
    p.little(0, 2),
  );
  const end = p.joined(directory, wide, locator, p.little(0x06054b50, 4), p.little(0, 4), short);
  writeSync(file, end, 0, end.length, at);
  ftruncateSync(file, at + end.length);
  closeSync(file);
  const { tensors } = openWeights(path);
  expect(tensors.get("large")).toMatchObject({ length: 4 * count, shape: [count] });
  expect(tensors.get("small")!.offset).toBeGreaterThan(4 * count);
  expect([...readWeight(tensors.get("small")!)]).toEqual(numbers);
});
