import { expect, test } from "bun:test";
import { join } from "node:path";
import { configurationPage } from "../../../scripts/generate/config-docs.ts";

test("docs/configuration.md is what the schema says", async () => {
  const path = join(import.meta.dir, "../../../docs/configuration.md");
  expect(await Bun.file(path).text()).toBe(configurationPage());
});
