import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { ModelError } from "#/lib/errors.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { readBytes } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { goldenPath } from "../support/golden.ts";

/** Files that torch wrote (scripts/golden/torch_files.py), held to the values that torch reads back: byte for byte. */
const values = readSafetensors(goldenPath("torch-files.safetensors")).tensors;
const files = readdirSync(goldenPath("torch")).toSorted();
const refusals: Readonly<Record<string, string>> = {
  "refused-complex.pt": 'tensor "a" is stored as complex64, which is not supported',
  "refused-empty.pt": "its pickle holds no tensors",
  "refused-network-zip.pt": 'its pickle holds a Python object ("torch.nn.modules.linear.Linear") as a whole',
  "refused-object.pt":
    'its pickle holds a Python object ("pytorch_lightning.callbacks.Callback") as "settings"',
  "refused-quantised.pt": 'its pickle holds a Python object ("torch._utils._rebuild_qtensor") as "b"',
  "refused-script.pt": "it is a TorchScript program",
  "refused-sparse.pt": 'its pickle holds a Python object ("torch._utils._rebuild_sparse_tensor") as "b"',
};

const expectedOf = (file: string): ReadonlyMap<string, WeightRef> =>
  new Map(
    [...values].flatMap(([key, ref]) =>
      key.startsWith(`${file}|`) ? [[key.slice(file.length + 1), ref] as const] : [],
    ),
  );

test("every file has its values, or the words it is refused with", () => {
  const known = new Set([...[...values.keys()].map((key) => key.split("|")[0]), ...Object.keys(refusals)]);
  expect(files).toEqual([...known].map(String).toSorted());
  expect(files.length).toBeGreaterThan(20);
});

for (const file of files) {
  const words = refusals[file];
  if (words !== undefined) {
    test(`${file} is refused by what it holds`, () => {
      const open = () => openWeights(goldenPath(`torch/${file}`));
      expect(open).toThrow(ModelError);
      expect(open).toThrow(words);
      expect(open).toThrow(new RegExp(`^${file}: `));
    });
    continue;
  }
  test(`${file} gives torch's own tensors`, () => {
    const { tensors } = openWeights(goldenPath(`torch/${file}`));
    const expected = expectedOf(file);
    expect([...tensors.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
    for (const [key, ref] of expected) {
      const own = tensors.get(key);
      if (own === undefined) throw new Error(`no ${key}`);
      expect([key, own.dtype, own.shape, readBytes(own)]).toEqual([
        key,
        ref.dtype,
        ref.shape,
        readBytes(ref),
      ]);
    }
  });
}

test("what lies in the file as it is wanted is mapped there, shared storages too; the rest is packed", () => {
  const packed = ["columns", "every second", "expanded", "permuted", "transposed"];
  for (const form of ["zip", "old", "stored"]) {
    const { tensors } = openWeights(goldenPath(`torch/views-${form}.pt`));
    const found = [...tensors.values()].flatMap((ref) => (ref.packed === undefined ? [] : [ref.key]));
    expect(found.toSorted()).toEqual(packed);
    const at = (key: string): number => tensors.get(key)?.offset ?? Number.NaN;
    expect([at("tied") - at("whole"), at("rows") - at("whole"), at("last") - at("whole")]).toEqual([
      0, 24, 72,
    ]);
  }
  const { tensors } = openWeights(goldenPath("torch/views-deflated.pt"));
  expect([...tensors.values()].every((ref) => ref.packed !== undefined)).toBe(true);
});

test("numbers and texts beside the tensors are kept, settings of the training are not", () => {
  expect([...openWeights(goldenPath("torch/inversion-zip.pt")).metadata]).toEqual([
    ["string_to_token.*", "265"],
    ["name", "style"],
    ["step", "3"],
  ]);
  expect([...openWeights(goldenPath("torch/lightning-old.pt")).metadata]).toEqual([]);
});
