import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { readWeight } from "#/weights/read-weights.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import { goldenPath } from "../../../support/golden.ts";
import * as p from "../../../support/pickle-bytes.ts";
import { type Member, torchMembers, zip } from "../../../support/write-torch.ts";

const folder = mkdtempSync(join(tmpdir(), "archives-"));
afterAll(() => rmSync(folder, { recursive: true }));

const values = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
const object = p.pickle(p.dict(["a", p.vector("0", 4)]));
const members = torchMembers(object, { "0": values });

function open(bytes: Uint8Array): WeightFile {
  const path = join(folder, "file.pt");
  writeFileSync(path, bytes);
  return openWeights(path);
}

function refusal(bytes: Uint8Array): string {
  try {
    open(bytes);
  } catch (thrown) {
    if (thrown instanceof ModelError && thrown.code === "header-invalid") return thrown.message;
    throw thrown;
  }
  return "it was read";
}

/** The archive with something else said of its last member, the storage. */
const changed = (change: Partial<Member>): string =>
  refusal(zip(members.map((member, i) => (i === members.length - 1 ? { ...member, ...change } : member))));

const valuesOf = (file: WeightFile): number[] => [...readWeight(file.tensors.get("a")!)];

test("an archive as any zip program writes it is read, compressed or not, with a comment too", () => {
  expect(valuesOf(open(zip(members)))).toEqual([1, 2, 3, 4]);
  expect(open(zip(members)).tensors.get("a")?.packed).toBeUndefined();
  const packed = open(zip(members.map((member) => ({ ...member, deflated: true }))));
  expect(packed.tensors.get("a")?.packed).toBeDefined();
  expect(valuesOf(packed)).toEqual([1, 2, 3, 4]);
  expect(valuesOf(open(zip(members, new TextEncoder().encode("written by hand"))))).toEqual([1, 2, 3, 4]);
});

test("what the list of members says of a member and is not so is refused", () => {
  expect(changed({ listed: { name: "archive/data/1" } })).toContain(
    "has another name in the list of members",
  );
  expect(changed({ listed: { name: "archive/data.pkl" } })).toMatch(/twice|another name/);
  expect(changed({ listed: { flags: 1 } })).toContain("is encrypted");
  expect(changed({ listed: { flags: 0x2000 } })).toContain("is encrypted");
  expect(changed({ listed: { method: 12 } })).toContain("is compressed by method 12; only deflate is read");
  expect(changed({ listed: { method: 8 } })).toContain(
    "is stored in another way than the list of members says",
  );
  expect(changed({ listed: { size: 12 } })).toContain("is not compressed and has two sizes");
  expect(changed({ listed: { size: 0xffffffff } })).toContain("has no size");
  expect(changed({ listed: { local: 200 } })).toContain("overlaps the one behind it");
  expect(changed({ listed: { local: 1 } })).toContain("overlaps the one behind it");
  expect(changed({ listed: { local: 1 << 30 } })).toContain("is not followed by the next one");
  expect(changed({ gap: p.op(0) })).toContain("is not followed by the next one");
  const overlapping = members.with(2, { ...members[2]!, listed: { local: 0 } });
  expect(refusal(zip(overlapping))).toContain("overlaps the one behind it");
});

test("names that come twice, lead out of the archive or are missing are refused", () => {
  expect(refusal(zip([...members, members[2]!]))).toContain('holds the name "archive/data/0" twice');
  for (const name of ["archive/../x", "/x", "archive/a\\b", "archive/a\0b"])
    expect(refusal(zip([...members, { name, bytes: values }]))).toContain("leads out of the archive");
  const other = { name: "other/data.pkl", bytes: object };
  expect(refusal(zip([...members, other]))).toContain("several folders with a data.pkl");
  expect(refusal(zip(members.slice(1)))).toContain("it has no data.pkl");
  expect(refusal(zip(members.slice(0, 2)))).toContain('lacks the storage "0"');
  expect(refusal(zip([{ name: "archive/constants.pkl", bytes: object }, ...members]))).toContain(
    "TorchScript",
  );
  const named = (name: string): string => refusal(zip([{ name, bytes: values }]));
  expect(named("notes.txt")).toContain("it is a zip archive, and not one of PyTorch's");
  expect(named("notes/notes.txt")).toContain("it has no data.pkl");
});

test("numbers in another order, and storages of another length, are refused", () => {
  const order = (text: string) =>
    refusal(zip([...members, { name: "archive/byteorder", bytes: new TextEncoder().encode(text) }]));
  expect(order("little")).toBe("it was read");
  expect(order("big")).toContain("its numbers are big-endian, which is not read");
  expect(order("middle")).toContain("have no order of bytes that is known");
  expect(changed({ bytes: values.subarray(0, 12) })).toContain(
    'its storage "0" has 12 bytes, its tensors say 16',
  );
});

test("what is unpacked is held to its length and its checksum", () => {
  const bad = (change: Partial<Member>) =>
    zip(members.map((member, i) => (i === 2 ? { ...member, deflated: true, ...change } : member)));
  const read = (bytes: Uint8Array) => () => valuesOf(open(bytes));
  expect(read(bad({}))()).toEqual([1, 2, 3, 4]);
  expect(read(bad({ listed: { crc: 0 } }))()).toEqual([1, 2, 3, 4]); // left out
  expect(read(bad({ listed: { crc: 1 } }))).toThrow('its data of "a" does not have its checksum');
  // A bomb says that it is small: it is unpacked no further than that.
  const bomb = new Uint8Array(1 << 24);
  expect(read(bad({ bytes: bomb, listed: { size: 16 } }))).toThrow("does not unpack to what it should");
  expect(read(bad({ bytes: values.subarray(0, 8), listed: { size: 16 } }))).toThrow(
    "does not unpack to what it should",
  );
  const pickled = zip(members.with(0, { ...members[0]!, listed: { crc: 1 } }));
  expect(refusal(pickled)).toContain('its data of "archive/data.pkl" does not have its checksum');
  const large = zip(members.with(0, { ...members[0]!, deflated: true, listed: { size: 1 << 30 } }));
  expect(refusal(large)).toContain('"archive/data.pkl" has 1073741824 bytes');
});

test("an archive that does not begin or end where it should is refused", () => {
  const whole = zip(members);
  expect(refusal(whole.subarray(0, -1))).toContain("its archive has no end: a broken download, perhaps");
  expect(refusal(p.joined(whole, p.op(0)))).toContain("its archive has no end");
  expect(refusal(p.joined(whole.subarray(0, 60), whole))).toContain("does not end where it should");
  const set = (at: number, bytes: Uint8Array): Uint8Array => {
    const copy = whole.slice();
    copy.set(bytes, copy.length - 22 + at);
    return copy;
  };
  expect(refusal(set(4, p.op(1)))).toContain("one of several parts");
  expect(refusal(set(8, p.op(2, 0, 2, 0)))).toContain("its archive's list of members is broken");
  expect(refusal(set(8, p.op(0xff, 0xff, 0xff, 0xff)))).toContain("its archive's list of members is broken");
  expect(refusal(set(16, p.op(0)))).toContain("does not end where it should");
});

test("ends for 64 bits are held to each other and to those for 32", () => {
  const torch = readFileSync(goldenPath("torch/params-zip.pt"));
  const end = torch.length - 22;
  const at = (position: number, ...bytes: readonly number[]): string => {
    const copy = new Uint8Array(torch);
    copy.set(bytes, position);
    return refusal(copy);
  };
  expect(refusal(torch)).toBe("it was read");
  expect(at(end + 16, 0xff, 0xff, 0xff, 0xff)).toBe("it was read"); // as where 32 bits do not do
  expect(at(end + 16, 1)).toContain("two ends that contradict each other");
  expect(at(end - 20 + 8, 1)).toContain("end for 64 bits is broken");
  expect(at(end - 20 + 16, 2)).toContain("end for 64 bits is broken");
  expect(at(end - 20 - 56 + 4, 45)).toContain("end for 64 bits is broken");
  expect(at(end - 20 - 56 + 24, 99)).toContain("end for 64 bits is broken");
  expect(at(end - 20, 0)).toContain("does not end where it should");
});
