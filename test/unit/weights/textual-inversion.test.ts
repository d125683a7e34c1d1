import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readInversion } from "#/weights/layouts/textual-inversion.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { stored, writeTensors } from "../../support/write-safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "inversion-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const notesOf = (widths: Readonly<Record<string, number>>): readonly string[] => {
  const vectors = Object.entries(widths).map(([name, width]) => [
    name,
    stored("F32", [1, width], new Float32Array(width)),
  ]);
  const file = readSafetensors(writeTensors(join(folder, "some.safetensors"), Object.fromEntries(vectors)));
  return readInversion(file, { l: 8, g: 12 }, "base.safetensors").notes;
};

test("vectors that fit no encoder are told with both widths, those that are not there as missing", () => {
  expect(notesOf({ clip_l: 8, clip_g: 12 })).toEqual([]);
  expect(notesOf({ clip_l: 6, clip_g: 12 })).toEqual([
    "some.safetensors has vectors for text encoder L that are 6 wide and not 8, which are left out; encoder L is told nothing in their place.",
  ]);
  expect(notesOf({ clip_g: 12 })).toEqual([
    "some.safetensors has vectors for text encoder G alone; encoder L is told nothing in their place.",
  ]);
  expect(notesOf({ emb_params: 8 })).toEqual([
    "some.safetensors has vectors for text encoder L alone; encoder G is told nothing in their place.",
  ]);
});
