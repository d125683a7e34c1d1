import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expansionThere, findExpansion } from "#/catalog/expansion-files.ts";
import { inversionFinder } from "#/catalog/inversion-names.ts";

test("a textual inversion is found with or without extension and folder; the whole name goes first", () => {
  const names = ["deep/er/x.pt", "deep/y.bin", "x.bin", "y.pt.safetensors"];
  const find = inversionFinder(names);
  expect(find("x")).toBe("x.bin");
  expect(find("er/x")).toBe("deep/er/x.pt");
  expect(find("y")).toBe("deep/y.bin");
  expect(find("y.pt")).toBe("y.pt.safetensors");
  for (const name of ["", "z", "X", "../x.bin", "eep/y"]) expect(find(name)).toBeUndefined();
});

test("prompt expansion is there when all its files are, in any of the folders", () => {
  const roots = [mkdtempSync(join(tmpdir(), "expansion-")), mkdtempSync(join(tmpdir(), "expansion-"))];
  const put = (root: string, name: string): void => {
    const folder = join(root, "prompt_expansion/fooocus_expansion");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), "x");
  };
  expect(expansionThere(roots).lacks).toEqual(["pytorch_model.bin", "merges.txt", "positive.txt"]);
  put(roots[0]!, "merges.txt");
  put(roots[1]!, "model.safetensors");
  expect(expansionThere(roots).lacks).toEqual(["positive.txt"]);
  expect(findExpansion(roots)).toBeUndefined();
  put(roots[1]!, "positive.txt");
  expect(findExpansion(roots)?.merges).toEndWith("prompt_expansion/fooocus_expansion/merges.txt");
  expect(expansionThere(roots).lacks).toEqual([]);
  const inside = `prompt_expansion=${join(roots[1]!, "prompt_expansion/fooocus_expansion")}`;
  expect(expansionThere([inside]).lacks).toEqual(["merges.txt"]);
  for (const root of roots) rmSync(root, { recursive: true });
});
