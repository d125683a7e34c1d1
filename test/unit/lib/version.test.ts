import { expect, test } from "bun:test";
import { version } from "#/lib/version.ts";
import packageFile from "../../../package.json";

test("the program says the version of its package", () => {
  expect(version).toBe(packageFile.version);
});
