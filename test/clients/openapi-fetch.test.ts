import { afterAll, beforeAll, expect, test } from "bun:test";
import { generatedScenario } from "../support/generated-scenario.ts";
import { putSchema } from "../support/openapi-types.ts";
import { typescriptClient } from "../support/typescript-client.ts";

const client = typescriptClient("openapi-fetch");
beforeAll(() => putSchema(client.folder));
afterAll(() => client.remove());

test("types of openapi-typescript: a client compiles that says only the fields it means to say", async () => {
  expect(await client.compile()).toBe("");
});

test("openapi-fetch works with them", async () => {
  await generatedScenario(client.run);
});
