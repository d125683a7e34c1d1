import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type AppError, ModelError } from "#/lib/errors.ts";
import { toFloat32 } from "#/weights/dtype.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(header: string | Uint8Array, data = 0, claimed?: bigint): string {
  const bytes = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + bytes.length + data);
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(bytes.length), true);
  file.set(bytes, 8);
  const path = join(folder, "file.safetensors");
  writeFileSync(path, file);
  return path;
}

const f16 = (shape: number[], begin: number, end: number) => ({
  dtype: "F16",
  shape,
  data_offsets: [begin, end],
});

test("a well-formed header gives every tensor's place in the file", () => {
  const header = JSON.stringify({
    __metadata__: { format: "pt" },
    a: f16([2, 3], 0, 12),
    __proto__x: f16([], 12, 14),
  });
  const file = readSafetensors(write(header, 14));
  expect(file.metadata.get("format")).toBe("pt");
  expect(file.tensors.get("a")).toMatchObject({
    dtype: "F16",
    shape: [2, 3],
    offset: 8 + header.length,
    length: 12,
  });
  expect(readWeight(file.tensors.get("__proto__x")!)).toEqual(new Float32Array([0]));
});

const cases: readonly (readonly [string, string, number])[] = [
  ["overlaps", JSON.stringify({ a: f16([2], 0, 4), b: f16([2], 2, 6) }), 6],
  ["hole", JSON.stringify({ a: f16([2], 0, 4), b: f16([2], 6, 10) }), 10],
  ["broken download", JSON.stringify({ a: f16([2], 0, 4) }), 2],
  ["tensors end", JSON.stringify({ a: f16([2], 0, 4) }), 6],
  ["takes 4 bytes", JSON.stringify({ a: f16([2], 0, 6) }), 6],
  [
    "twice",
    '{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}',
    2,
  ],
  ["twice", '{"a":{"dtype":"F16","shape":[1],"shape":[1],"data_offsets":[0,2]}}', 2],
  ["not supported", JSON.stringify({ a: { dtype: "F4", shape: [2], data_offsets: [0, 1] } }), 1],
  ["whole numbers", JSON.stringify({ a: { dtype: "F16", shape: [-1], data_offsets: [0, 2] } }), 2],
  ["too large", JSON.stringify({ a: f16([2 ** 40, 2 ** 40], 0, 2) }), 2],
  ["not a text", JSON.stringify({ __metadata__: { a: 1 } }), 0],
  ["begin with '{'", "[1]", 0],
  ["not JSON", "{,}", 0],
];

for (const [message, header, data] of cases) {
  test(`refused: ${message} (${header.slice(0, 40)})`, () => {
    const path = write(header, data);
    expect(() => readSafetensors(path)).toThrow(message);
    expect(() => readSafetensors(path)).toThrow(/^file\.safetensors: /);
  });
}

test("lengths that lie, foreign files and missing files are named for what they are", () => {
  expect(() => readSafetensors(write("{}", 0, 1n << 60n))).toThrow("does not begin like a safetensors file");
  expect(() => readSafetensors(write("{}", 0, 500n))).toThrow("broken download");
  expect(() => readSafetensors(join(folder, "nothing"))).toThrow("nothing cannot be opened (ENOENT)");
  expect(() => readSafetensors(folder)).toThrow("it is no file");
  const bytes = (...values: readonly number[]): string => {
    writeFileSync(join(folder, "foreign"), Uint8Array.from(values));
    return join(folder, "foreign");
  };
  const named = (text: string): string => {
    writeFileSync(join(folder, "foreign"), text);
    return join(folder, "foreign");
  };
  expect(() => readSafetensors(named("<!DOCTYPE html>"))).toThrow("web page");
  expect(() => readSafetensors(named("version https://git-lfs.github.com/spec/v1"))).toThrow("LFS");
  expect(() => readSafetensors(named("PK\x03\x04........"))).toThrow("zip archive");
  expect(() => readSafetensors(bytes(0x80, 2, 0x8a, 10))).toThrow("it is a pickle");
  expect(() => readSafetensors(bytes(0x80, 4, 0x95, 10))).toThrow("it is a pickle");
  expect(() => readSafetensors(bytes(0x89, 0x50, 0x4e, 0x47))).toThrow("it is a picture");
  expect(() => readSafetensors(bytes(...Array(64).fill(0)))).toThrow("unfinished download");
  expect(() => readSafetensors(named("GGUF\x03\0\0\0"))).toThrow("GGUF");
  expect(() => readSafetensors(named("\ufeff <html>"))).toThrow("web page");
  expect(() => readSafetensors(named(""))).toThrow("too short");
});

test("no bytes make it crash or throw anything but an error that names the file", () => {
  const json = fc.json({ maxDepth: 4 }).map((text) => new TextEncoder().encode(text));
  const tensor = fc.record({
    dtype: fc.constantFrom("F16", "F32", "BF16", "X"),
    shape: fc.array(fc.integer()),
    data_offsets: fc.array(fc.integer()),
  });
  const near = fc
    .dictionary(fc.string(), tensor)
    .map((value) => new TextEncoder().encode(JSON.stringify(value)));
  const property = fc.property(
    fc.oneof(fc.uint8Array(), json, near),
    fc.nat(40),
    fc.option(fc.bigInt(0n, 1n << 63n)),
    (header, data, claimed) => {
      try {
        readSafetensors(write(header, data, claimed ?? undefined));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ModelError);
        expect((thrown as AppError).message).toStartWith("file.safetensors");
        expect((thrown as AppError).message).not.toContain(folder);
        expect((thrown as AppError).details).toHaveProperty("path");
      }
    },
  );
  fc.assert(property, { numRuns: 10_000 });
}, 300_000);

test("a text that was saved as a model is not repeated", () => {
  for (const text of [
    "secret-token and more",
    '{"secret": "token"} and more',
    "<p>secret</p> and more",
    '["secret"]',
  ]) {
    writeFileSync(join(folder, "text.safetensors"), text);
    try {
      readSafetensors(join(folder, "text.safetensors"));
    } catch (thrown) {
      const { message, details, cause } = thrown as AppError;
      expect(JSON.stringify([message, details, String(cause)])).not.toMatch(/secret|token/);
      expect(message).toMatch(/it is a (web page|JSON text|text)/);
      continue;
    }
    throw new Error("it was read");
  }
  const broken = write('{"secret": tru}');
  expect(() => readSafetensors(broken)).toThrow("its header is not JSON in UTF-8");
  expect(() => readSafetensors(broken)).not.toThrow("secret");
});

test("a header's length may begin with the bytes of other files, '<' for one", () => {
  for (const first of ["<", " <", "{", "[", "P"]) {
    const text = [...first].map((letter) => letter.charCodeAt(0));
    const length = (text[0] ?? 0) + 256 * (text[1] ?? 0x20);
    const path = write(JSON.stringify({ a: f16([1], 0, 2) }).padEnd(length, " "), 2);
    expect([...readFileSync(path).subarray(0, text.length)]).toEqual(text);
    expect([...readSafetensors(path).tensors.keys()]).toEqual(["a"]);
  }
});

test("a weight is read times its scale", () => {
  const header = JSON.stringify({ a: f16([1], 0, 2), b: f16([2], 2, 6) });
  const path = write(header, 6);
  const bytes = new Uint8Array([0, 0x3c, 0, 0x40, 0, 0xbc]);
  const whole = new Uint8Array(readFileSync(path));
  whole.set(bytes, whole.length - 6);
  writeFileSync(path, whole);
  const { tensors } = readSafetensors(path);
  const [a, b] = [...tensors.values()];
  if (a === undefined || b === undefined) throw new Error("two tensors were written");
  expect([b, { ...b, scale: 0.5 }, a].map(readWeight)).toEqual([
    new Float32Array([2, -1]),
    new Float32Array([1, -0.5]),
    new Float32Array([1]),
  ]);
});

test("every float type decodes to the same numbers", () => {
  expect(toFloat32("F16", new Uint8Array([0, 0x3c, 0, 0xc0]))).toEqual(new Float32Array([1, -2]));
  expect(toFloat32("BF16", new Uint8Array([0x80, 0x3f, 0, 0xc0]))).toEqual(new Float32Array([1, -2]));
  expect(toFloat32("F8_E5M2", new Uint8Array([0x3c, 0xc0]))).toEqual(new Float32Array([1, -2]));
  const e4m3 = toFloat32("F8_E4M3", new Uint8Array([0x38, 0xc0, 0x7e, 0x01, 0x7f]));
  expect([...e4m3]).toEqual([1, -2, 448, 2 ** -9, Number.NaN]);
});
