import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { generatedScenario } from "../support/generated-scenario.ts";
import { runProgram } from "../support/run-program.ts";
import { serveBench } from "../support/served-bench.ts";
import { typescriptClient } from "../support/typescript-client.ts";

const root = join(import.meta.dir, "../..");
const client = typescriptClient("openapi-fetch");
afterAll(() => client.remove());

beforeAll(async () => {
  await using bench = serveBench();
  const generator = join(root, "scripts/clients/typescript-types.ts");
  const types = await runProgram([process.execPath, generator, `${bench.url}/openapi.json`], root);
  expect([types.err, types.code]).toEqual(["", 0]);
  await Bun.write(join(client.folder, "schema.ts"), types.out);
});

test("types of openapi-typescript: a client compiles that says only the fields it means to say", async () => {
  expect(await client.compile()).toBe("");
});

test("openapi-fetch works with them", async () => {
  await generatedScenario(client.run);
});
