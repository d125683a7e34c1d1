import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DType, dtypeBytes } from "#/weights/dtype.ts";
import { withScales } from "#/weights/layouts/scaled.ts";
import { readSafetensors } from "#/weights/safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "scaled-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Entry = Readonly<{ dtype: DType; shape: readonly number[]; bytes?: Uint8Array }>;

const f8: Entry = { dtype: "F8_E4M3", shape: [4, 4] };
const scalar = (value: number, shape: readonly number[] = []): Entry => ({
  dtype: "F32",
  shape,
  bytes: new Uint8Array(Float32Array.of(value).buffer),
});
const text = (said: string): Entry => ({
  dtype: "U8",
  shape: [said.length],
  bytes: new TextEncoder().encode(said),
});

/** The weights of a file of these tensors, after its scales were found. */
function read(entries: Readonly<Record<string, Entry>>, metadata?: Readonly<Record<string, string>>) {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  for (const [key, { dtype, shape, bytes }] of Object.entries(entries)) {
    const length = shape.reduce((product, n) => product * n, dtypeBytes[dtype]);
    header[key] = { dtype, shape, data_offsets: [offset, offset + length] };
    const data = new Uint8Array(length);
    data.set(bytes ?? []);
    parts.push(data);
    offset += length;
  }
  const names = new TextEncoder().encode(JSON.stringify(header));
  const path = join(folder, "some.safetensors");
  writeFileSync(
    path,
    Buffer.concat([new Uint8Array(BigUint64Array.of(BigInt(names.length)).buffer), names, ...parts]),
  );
  return withScales(readSafetensors(path));
}

test("a scale of either name goes to its weight, and nothing but weights is left", () => {
  const weights = read({
    "a.weight": f8,
    "a.scale_weight": scalar(0.5),
    "a.scale_input": scalar(2),
    "b.weight": f8,
    "b.weight_scale": scalar(0.25, [1]),
    "b.input_scale": scalar(2),
    "b.comfy_quant": text('{"format": "float8_e4m3fn"}'),
    "c.weight": f8,
    "c.scale_weight": scalar(1),
    in_proj_weight: f8,
    in_proj_weight_scale: scalar(3),
    "p.scaled_fp8": { dtype: "F8_E4M3", shape: [0] },
    "lost.scale_weight": scalar(7),
  });
  expect([...weights].map(([key, { scale }]) => [key, scale])).toEqual([
    ["a.weight", 0.5],
    ["b.weight", 0.25],
    ["c.weight", undefined],
    ["in_proj_weight", 3],
  ]);
});

test("a file without scales is what it was", () => {
  expect([...read({ "a.weight": f8, "a.bias": { dtype: "F16", shape: [4] } }).keys()]).toEqual([
    "a.weight",
    "a.bias",
  ]);
});

const refusals: readonly (readonly [
  string,
  Readonly<Record<string, Entry>>,
  Readonly<Record<string, string>>?,
])[] = [
  [
    "F8 with a scale for each row or block (a.scale_weight)",
    { "a.weight": f8, "a.scale_weight": { dtype: "F32", shape: [4, 1] } },
  ],
  ["F16 with a scale", { "a.weight": { dtype: "F16", shape: [4] }, "a.scale_weight": scalar(0.5) }],
  ["nvfp4", { "a.weight": f8, "a.comfy_quant": text('{"format": "nvfp4"}') }],
  ["nvfp4", { "a.weight": f8, "a.weight_scale_2": scalar(1) }],
  ["an unknown format", { "a.weight": f8, "a.comfy_quant": text('{"format": "<script>"}') }],
  [
    "float8_e4m3fn_rowwise",
    { "a.weight": f8 },
    { _quantization_metadata: '{"layers": {"a": {"format": "float8_e4m3fn_rowwise"}}}' },
  ],
  ["GPTQ or AWQ", { "a.qweight": f8, "a.qzeros": f8 }],
  ["Quanto", { "a.weight._data": f8, "a.weight._scale": scalar(1) }],
];

for (const [what, entries, metadata] of refusals) {
  test(`refused by name: ${what} (${Object.keys(entries).join(", ")})`, () => {
    expect(() => read(entries, metadata)).toThrow(`some.safetensors is quantised as ${what}`);
  });
}

test("a scale that is no number is a broken file; descriptions that are no JSON say nothing", () => {
  expect(() => read({ "a.weight": f8, "a.scale_weight": scalar(Number.NaN) })).toThrow("is no number");
  const weights = read({ "a.weight": f8, "a.comfy_quant": text("{") }, { _quantization_metadata: "[" });
  expect([...weights.keys()]).toEqual(["a.weight"]);
});
