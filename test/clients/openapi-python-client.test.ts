import { afterAll, expect } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generatedScenario } from "../support/generated-scenario.ts";
import { pythonClient } from "../support/python-client.ts";
import { runProgram } from "../support/run-program.ts";
import { seenLines } from "../support/seen-lines.ts";
import { serveBench } from "../support/served-bench.ts";

const client = await pythonClient("openapi-python-client");
const scripts = join(import.meta.dir, "python");
const folder = mkdtempSync(join(tmpdir(), "fooocusd-client-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

client.test("openapi-python-client makes a client, and finds nothing wrong", async () => {
  await using bench = await serveBench();
  await Bun.write(join(folder, "openapi.json"), await fetch(`${bench.url}/openapi.json`));
  const config = join(scripts, "openapi-python-client.yml");
  const options = [
    "--path",
    "openapi.json",
    "--meta",
    "none",
    "--output-path",
    "fooocusd",
    "--config",
    config,
  ];
  const command = [client.program("openapi-python-client"), "generate", ...options];
  const { code, out, err } = await runProgram(command, folder);
  expect([out.trim(), err, code]).toEqual(["Generating fooocusd", "", 0]);
});

client.test("mypy finds nothing wrong with it, nor with a program over it", async () => {
  copyFileSync(join(scripts, "openapi-python-client.py"), join(folder, "client.py"));
  const { out } = await runProgram([client.program("mypy"), "--strict", "."], folder);
  expect(out).toStartWith("Success: no issues found in ");
});

client.test("it works", async () => {
  const command = [client.program("python"), "-B", "-u", join(folder, "client.py")];
  await generatedScenario((args) => seenLines([...command, ...args]));
});
