import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { openWeights } from "#/weights/open-weights.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import * as p from "../../../support/pickle-bytes.ts";
import { legacy, torchMembers, zip } from "../../../support/write-torch.ts";

const folder = mkdtempSync(join(tmpdir(), "pickles-"));
afterAll(() => rmSync(folder, { recursive: true }));

const four = { "0": new Uint8Array(16) };

function file(bytes: Uint8Array): WeightFile {
  const path = join(folder, "file.pt");
  writeFileSync(path, bytes);
  return openWeights(path);
}

/** The sentence that a pickle is refused with, the same in both of torch's formats. */
function refusal(object: Uint8Array, storages: Readonly<Record<string, Uint8Array>> = {}): string {
  const [first, second] = [zip(torchMembers(object, storages)), legacy(object, storages)].map((bytes) => {
    try {
      file(bytes);
      return "it was read";
    } catch (thrown) {
      if (thrown instanceof ModelError) return thrown.message.replace(/ \(at byte \d+\)/, "");
      throw thrown;
    }
  });
  expect(second).toBe(first);
  return first ?? "";
}

const read = (value: Uint8Array): readonly string[] => {
  const [names, again] = [zip(torchMembers(p.pickle(value), four)), legacy(p.pickle(value), four)].map(
    (bytes) => [...file(bytes).tensors.keys()],
  );
  expect(again).toEqual(names ?? []);
  return names ?? [];
};

test("a function that is called is a name: refused among tensors, passed over beside them, never run", () => {
  const trace = join(folder, "trace");
  const evil = p.call(p.global("posix", "system"), p.text(`touch ${trace}`));
  expect(refusal(p.pickle(evil))).toContain(
    'a Python object ("posix.system") as a whole, which is not opened',
  );
  const among = p.pickle(p.dict(["a", p.vector("0", 4)], ["b", evil]));
  expect(refusal(among, four)).toContain('a Python object ("posix.system") as "b"');
  expect(read(p.dict(["state_dict", p.dict(["a", p.vector("0", 4)])], ["b", evil]))).toEqual(["a"]);
  for (const name of ["_rebuild_tensor_v2\u0000", "_rebuild_tensor_v9", "getattr"])
    expect(refusal(p.pickle(p.call(p.global("torch._utils", name))))).toContain("a Python object");
  expect(existsSync(trace)).toBe(false);
});

test("texts of Python 2 are names, and bytes that are no text nothing", () => {
  const old = (...bytes: readonly number[]): Uint8Array => p.op(0x55, bytes.length, ...bytes);
  const entries = p.joined(old(0x61), p.vector("0", 4), old(0xff), p.vector("0", 4));
  expect(read(p.joined(p.op(0x7d, 0x28), entries, p.op(0x75)))).toEqual(["a"]);
});

test("calls upon calls, and what is set on their answers, go nowhere", () => {
  const chain = p.joined(p.global("a", "b"), ...Array.from({ length: 50_000 }, () => p.op(0x29, 0x52)));
  expect(refusal(p.pickle(chain))).toContain('a Python object ("a.b") as a whole');
  const set = p.joined(p.call(p.global("a", "b")), p.op(0x28), p.text("x"), p.int(1), p.op(0x75, 0x7d, 0x62));
  expect(refusal(p.pickle(set))).toContain('a Python object ("a.b") as a whole');
});

test("depth, breadth and names that multiply are bounded", () => {
  const deep = 100_000;
  const nested = p.joined(
    ...Array.from({ length: deep }, () => p.op(0x5d)),
    ...Array.from({ length: deep - 1 }, () => p.op(0x61)),
  );
  expect(refusal(p.pickle(nested))).toContain("nests values deeper");
  // Each dictionary holds the one before it twice: two to the power of thirty tensors by thirty names.
  const doubled = Array.from({ length: 30 }, (_, i) =>
    p.joined(
      p.op(0x71, i),
      p.op(0x30),
      p.op(0x7d, 0x28),
      p.text("a"),
      p.op(0x68, i),
      p.text("b"),
      p.op(0x68, i),
      p.op(0x75),
    ),
  );
  const bomb = p.joined(p.dict(["x", p.vector("0", 4)]), ...doubled);
  expect(refusal(p.pickle(bomb), four)).toContain("names more of them, than a model can");
  const itself = p.joined(p.op(0x7d, 0x71, 0), p.text("a"), p.op(0x68, 0), p.op(0x73));
  expect(refusal(p.pickle(itself))).toContain("nests values deeper");
  const wide = p.joined(
    p.op(0x5d, 0x71, 0, 0x28),
    ...Array.from({ length: 2000 }, () => p.op(0x68, 0)),
    p.op(0x65),
  );
  expect(refusal(p.pickle(wide))).toContain("nests values deeper, or names more of them");
  const long = p.dict(["x".repeat(900), p.dict(["y".repeat(900), p.vector("0", 4)])]);
  expect(refusal(p.pickle(long), four)).toContain("a name of 1801 letters");
});

test("operations, stack and memo are bounded", () => {
  const many = (count: number, ...bytes: readonly number[]): Uint8Array =>
    p.pickle(new Uint8Array(Buffer.alloc(count * bytes.length, Uint8Array.from(bytes))));
  expect(refusal(many(1_000_001, 0x4e, 0x30))).toContain("has more than 2000000 operations");
  expect(refusal(many(1_000_001, 0x4e))).toContain("stacks more than 1000000 values");
  expect(refusal(many(1_000_001, 0x28))).toContain("marks more than 1000000 places");
});

test("lengths that lie want what is not there", () => {
  const huge = [
    p.joined(p.op(0x58), p.little(0xffffffff, 4)),
    p.joined(p.op(0x8d), p.little((1n << 63n) + 1n, 8)),
    p.joined(p.op(0x8e), p.little(-1, 8)),
    p.joined(p.op(0x96), p.little(1n << 40n, 8)),
    p.joined(p.op(0x8a, 255), p.op(1, 2, 3)),
  ];
  for (const value of huge)
    expect(refusal(p.pickle(value))).toMatch(/its pickle wants \d+ bytes and ends before/);
  const endless = p.pickle(new TextEncoder().encode(`c${"a".repeat(600)}`));
  expect(refusal(endless)).toContain("its pickle has a line of more than 500 letters");
});

test("what takes from an empty stack, or misses what it wants, is refused", () => {
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [p.op(), "takes from an empty stack"],
    [p.op(0x52), "takes from an empty stack"],
    [p.op(0x28, 0x30), "takes from an empty stack"], // a mark is no value
    [p.op(0x74), "misses a mark"],
    [p.op(0x68, 5), "asks for the value 5, which it never named"],
    [p.joined(p.op(0x6a), p.little(70_000, 4)), "asks for the value 70000"],
    [p.op(0x7d, 0x4e, 0x61), "appends to a dict"],
    [p.op(0x5d, 0x4e, 0x4e, 0x73), "sets items of a list"],
    [p.op(0x4e, 0x4e, 0x61), "appends to a value"],
    [p.op(0x7d, 0x28, 0x4e, 0x75), "sets an item without a value"],
    [p.op(0x5d, 0x4e, 0x62), "gives a state to a list"],
    [p.op(0x4e, 0x29, 0x52), "calls something that is no function"],
    [p.joined(p.global("a", "b"), p.op(0x4e, 0x52)), "calls something without a tuple"],
    [p.op(0x4e, 0x51), "refers to something that is no storage"],
    [p.joined(p.tuple(p.text("module"), p.int(1)), p.op(0x51)), "refers to something that is no storage"],
    [p.op(0x4e, 0x4e, 0x93), "names something by no text"],
    [p.op(0x8c, 1, 0xff), "holds a text that is not UTF-8"],
  ];
  for (const [value, words] of cases) expect(refusal(p.pickle(value))).toContain(`its pickle ${words}`);
});

test("every operation that no file of tensors needs is refused by its code, those that make code too", () => {
  const known = new Set([..."(01NJKMGXTUBC}])tsaeuqrhjcRbQ."].map((letter) => letter.charCodeAt(0)));
  for (let code = 0; code < 0x80; code += 1) {
    if (known.has(code)) continue;
    const hex = code.toString(16).padStart(2, "0");
    expect(refusal(p.pickle(p.op(code)))).toContain(
      `holds the operation 0x${hex}, which no file of tensors needs`,
    );
  }
  for (const code of [0x82, 0x83, 0x84, 0x8b, 0x97, 0x98, 0xff])
    expect(refusal(p.pickle(p.op(code)))).toContain("holds the operation");
});

test("tensors that are not in their storage are refused", () => {
  const shaped = (shape: readonly Uint8Array[], strides: readonly Uint8Array[], start = p.int(0)) =>
    refusal(p.pickle(p.dict(["a", p.tensor("0", 4, { start, shape, strides })])), four);
  const beyond = 'tensor "a" reaches beyond its storage "0", which has 4 elements';
  expect(shaped([p.int(5)], [p.int(1)])).toContain(beyond);
  expect(shaped([p.int(2)], [p.int(4)])).toContain(beyond);
  expect(shaped([p.int(2)], [p.int(1)], p.int(3))).toContain(beyond);
  expect(shaped([p.int(2), p.int(2)], [p.long(1n << 52n), p.int(1)])).toContain(beyond);
  const large = p.long(1n << 40n);
  expect(shaped([large, large], [p.int(1), p.int(1)])).toContain('tensor "a" is too large');
  expect(shaped([large], [p.int(0)])).toContain("too large to be unpacked");
  expect(shaped([p.int(-1)], [p.int(1)])).toContain("not made of whole numbers");
  expect(shaped([p.int(1)], [p.int(-1)])).toContain("not made of whole numbers");
  expect(shaped([p.long(1n << 60n)], [p.int(1)])).toContain("not made of whole numbers");
  expect(shaped([p.int(1)], [])).toContain("1 axes and 0 strides");
  const axes = Array.from({ length: 9 }, () => p.int(1));
  expect(shaped(axes, axes)).toContain("9 axes");
  const twice = p.dict(["a", p.vector("0", 4)], ["b", p.vector("0", 8)]);
  expect(refusal(p.pickle(twice), four)).toContain("gives the storage 0 two types or lengths");
  const same = p.dict(["a", p.dict(["b", p.vector("0", 4)])], ["a.b", p.vector("0", 4)]);
  expect(refusal(p.pickle(same), four)).toContain('holds the name "a.b" twice');
});

test("an old file's windows are parts of their storage", () => {
  const window = (start: number, length: number) => {
    const view = p.tuple(p.text("v"), p.int(start), p.int(length));
    const id = p.tuple(
      p.text("storage"),
      p.global("torch", "FloatStorage"),
      p.text("0"),
      p.text("cpu"),
      p.int(4),
      view,
    );
    const rebuild = p.global("torch._utils", "_rebuild_tensor");
    return p.pickle(
      p.dict([
        "a",
        p.call(rebuild, p.joined(id, p.op(0x51)), p.int(0), p.tuple(p.int(length)), p.tuple(p.int(1))),
      ]),
    );
  };
  const bytes = legacy(window(1, 2), four);
  expect(file(bytes).tensors.get("a")).toMatchObject({ shape: [2], length: 8, offset: bytes.length - 12 });
  expect(() => file(legacy(window(3, 2), four))).toThrow("a window that its storage does not have");
});

test("the source of a network's class, which old files have, is passed over with its object", () => {
  const parts = [p.text("module"), p.global("nets", "Net"), p.text("nets.py"), p.text("class Net: pass")];
  const net = p.joined(p.tuple(...parts), p.op(0x51, 0x29, 0x81, 0x7d, 0x62));
  expect(refusal(p.pickle(net))).toContain('a Python object ("nets.Net") as a whole, which is not opened');
  expect(read(p.dict(["state_dict", p.dict(["a", p.vector("0", 4)])], ["net", net]))).toEqual(["a"]);
});

test("old files say their order, and have the storages that their tensors name", () => {
  const object = p.pickle(p.dict(["a", p.vector("0", 4)]));
  expect([...file(legacy(object, four)).tensors.keys()]).toEqual(["a"]);
  expect(() => file(legacy(object, four, { little: false }))).toThrow("big-endian");
  expect(() => file(legacy(object, four, { version: 1000 }))).toThrow("not of PyTorch's protocol 1001");
  for (const keys of [[], ["0", "0"], ["0", "1"], ["1"]])
    expect(() => file(legacy(object, four, { keys }))).toThrow(
      "its list of storages is not that of its tensors",
    );
  expect(() => file(legacy(object, { "0": new Uint8Array(12) }))).toThrow(
    "has 3 elements where its tensors say 4",
  );
  const whole = legacy(object, four);
  expect(() => file(whole.subarray(0, -1))).toThrow("a broken download, perhaps");
  expect(() => file(p.joined(whole, p.op(0)))).toThrow("but its storages end at");
});
