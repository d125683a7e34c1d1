import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { libraryFolder, openLibraries } from "#/native/libraries.ts";
import { embeddedModels } from "#/native/models.ts";

test("in a checkout the folder is where npm put the library, and nothing is unpacked", () => {
  expect(readdirSync(libraryFolder()).some((name) => name.includes("onnxruntime"))).toBe(true);
  expect(openLibraries()).toBeUndefined();
  expect(embeddedModels()).toBeUndefined();
});
