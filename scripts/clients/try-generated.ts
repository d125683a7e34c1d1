/**
 * Makes clients of our description with generators that need more than npm has, and uses them against a server of this
 * checkout.
 *
 *     bun scripts/clients/try-generated.ts [PYTHON]
 *
 * PYTHON is an interpreter that has `openapi-generator-cli` (openapi-generator as a wheel of PyPI, which needs Java: the
 * package of that name on npm loads its program from elsewhere) and `openapi-python-client`. Ends with 1 if one failed.
 */
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startSourceServer } from "../bench/quality/source-server.ts";

const root = join(import.meta.dir, "../..");
const python = Bun.which(Bun.argv[2] ?? "python3") ?? "python3";
const ofPython = (name: string): string => join(dirname(python), name);

/** @throws if the program ends with anything but 0 */
async function run(cwd: string, command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed:\n${out}\n${err}`);
  return out;
}

/** openapi-generator's typescript-fetch: generates, compiles with our own strictness, and runs. */
async function typescriptFetch(folder: string, url: string): Promise<void> {
  const generator = ofPython("openapi-generator-cli");
  await run(folder, [
    generator,
    "generate",
    "-i",
    "openapi.json",
    "-g",
    "typescript-fetch",
    "-o",
    "generated",
  ]);
  copyFileSync(join(import.meta.dir, "use-typescript-fetch.txt"), join(folder, "client.ts"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const compilerOptions = {
    target: "ESNext",
    module: "Preserve",
    strict: true,
    noEmit: true,
    types: ["bun"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
  await run(folder, [process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", "."]);
  await run(folder, [process.execPath, "client.ts", url]);
}

/** openapi-python-client, whose classes send all their defaults. */
async function pythonClient(folder: string, url: string): Promise<void> {
  const options = ["--path", "openapi.json", "--meta", "none", "--output-path", "generated"];
  await run(folder, [ofPython("openapi-python-client"), "generate", ...options]);
  copyFileSync(join(import.meta.dir, "use_openapi_python_client.py"), join(folder, "client.py"));
  await run(folder, [python, "client.py", url]);
}

const server = await startSourceServer(["--also-port", "0"]);
let failed = 0;
try {
  const description = await (await fetch(`${server.url}/openapi.json`)).text();
  for (const tried of [typescriptFetch, pythonClient]) {
    const folder = mkdtempSync(join(tmpdir(), "fooocusd-generated-"));
    try {
      writeFileSync(join(folder, "openapi.json"), description);
      await tried(folder, server.url);
      console.log(`passed  ${tried.name}`);
    } catch (thrown) {
      failed += 1;
      console.log(`FAILED  ${tried.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
} finally {
  await server.close();
}
process.exitCode = failed === 0 ? 0 : 1;
