import { afterAll, test as bunTest, expect } from "bun:test";
import { join } from "node:path";
import { generatedScenario } from "../support/generated-scenario.ts";
import { pythonClient } from "../support/python-client.ts";
import { runProgram } from "../support/run-program.ts";
import { serveBench } from "../support/served-bench.ts";
import { typescriptClient } from "../support/typescript-client.ts";

// A wheel has the generator; the package of its name on npm loads it from elsewhere.
const generator = await pythonClient("openapi-generator");
const hasJava = Bun.which("java") !== null;
if (!hasJava) console.log("skipped: openapi-generator: there is no java");
const test = hasJava ? generator.test : bunTest.skip;
const client = typescriptClient("typescript-fetch");
afterAll(() => client.remove());

/**
 * What it says of any description of OpenAPI 3.1, of a list in a form that has a default, and of a parameter that is called
 * `date`, which FooocusAPI's is.
 */
const harmless = [
  "OpenAPI 3.1 support is still in beta",
  "Could not compute datatypeWithEnum from",
  "Date (model name matches existing language type) cannot be used as a model name. Renamed to ModelDate",
];

test("openapi-generator makes a client of typescript-fetch, and finds nothing wrong", async () => {
  await using bench = await serveBench();
  await Bun.write(join(client.folder, "openapi.json"), await fetch(`${bench.url}/openapi.json`));
  const options = ["-i", "openapi.json", "-g", "typescript-fetch", "-o", "generated"];
  const { code, out, err } = await runProgram(
    [generator.program("openapi-generator-cli"), "generate", ...options],
    client.folder,
  );
  const said = `${out}\n${err}`.split("\n");
  const wrong = said.filter(
    (line) => /\b(WARN|ERROR)\b|xception/.test(line) && !harmless.some((known) => line.includes(known)),
  );
  expect([wrong, code]).toEqual([[], 0]);
});

test("it compiles, and a program over it", async () => {
  expect(await client.compile()).toBe("");
});

test("it works", async () => {
  await generatedScenario(client.run);
});
