import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { generatedScenario } from "../support/generated-scenario.ts";
import { putSchema } from "../support/openapi-types.ts";
import { typescriptClient } from "../support/typescript-client.ts";

const client = typescriptClient("eden");
afterAll(() => client.remove());

beforeAll(async () => {
  const from = (path: string) => join(import.meta.dir, path);
  copyFileSync(from("../../clients/eden.ts"), join(client.folder, "eden.ts"));
  copyFileSync(from("typescript/eden-types.txt"), join(client.folder, "types.ts"));
  await putSchema(client.folder);
});

test("Eden knows our routes: what is right compiles, and what is wrong does not", async () => {
  expect(await client.compile()).toBe("");
});

test("Eden works: streams of both kinds and pictures, too", async () => {
  await generatedScenario(client.run, [
    { saw: "stream", last: "Finished", several: true },
    { saw: "events", last: "settled" },
    { saw: "file", type: "image/png", isBlob: true },
  ]);
});
