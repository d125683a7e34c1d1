import { expect, test } from "bun:test";
import { join } from "node:path";
import { fieldsPage } from "../../../scripts/generate/fields-docs.ts";

test("docs/fields.md is what the schema says", async () => {
  const path = join(import.meta.dir, "../../../docs/fields.md");
  expect(await Bun.file(path).text()).toBe(fieldsPage());
});
