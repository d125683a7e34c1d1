// To add a Python client NAME:
// 1. test/clients/python/NAME.txt pins its packages (`pip freeze`; it gets an environment of its own), and NAME.py, called with the
//    server's address and whatever the test gives, prints an object as a line of JSON for each thing it sees: print(json.dumps(...)).
// 2. test/clients/NAME.test.ts: `const client = await pythonClient("NAME")`, then
//    `client.test("what is proved", async () => expect(await client.run([bench.url, "secret"])).toEqual([...]))`, with a bench of serveBench.
import { test } from "bun:test";
import { join } from "node:path";
import { pythonEnvironment } from "./python-environment.ts";

/** What a script saw, a JSON object. */
export type SeenLine = Readonly<Record<string, unknown>>;

/** A client in Python, of which tests are skipped where it cannot be installed. */
export type PythonClient = Readonly<{
  /** As Bun's, where the client is installed; else a test that is counted as skipped. */
  test: (name: string, body: () => Promise<void>) => void;
  /**
   * Runs its script to the end.
   *
   * @param args   what the script gets
   * @param onLine told each line when it is printed, so that a test can let a server go on
   * @returns what it printed, a line each
   * @throws if it ends with anything but 0, with all that it said
   */
  run: (args: readonly string[], onLine?: (line: SeenLine) => void) => Promise<readonly SeenLine[]>;
}>;

const folder = join(import.meta.dir, "../clients/python");

/** Milliseconds that a script may take: less than a test may, which would leave it running. */
const patience = 240_000;

/**
 * A client of `test/clients/python`, installed when it is asked for the first time. Why it cannot be is printed.
 *
 * @param script   `<script>.py` is run
 * @param packages `<packages>.txt` is installed; of another name where a script is tried with several versions, say
 */
export async function pythonClient(script: string, packages = script): Promise<PythonClient> {
  const environment = await pythonEnvironment(join(folder, `${packages}.txt`));
  if ("missing" in environment) {
    console.log(`skipped: the Python client ${packages}: ${environment.missing}`);
    return {
      test: test.skip,
      run: () => Promise.reject(new Error(environment.missing)),
    };
  }
  // Isolated, or a script would import itself by the name of its package; unbuffered, as a test waits for its lines.
  const command = [environment.python, "-I", "-B", "-u", join(folder, `${script}.py`)];
  return { test, run: (args, onLine) => printed([...command, ...args], onLine) };
}

async function printed(
  command: readonly string[],
  onLine: (line: SeenLine) => void = () => undefined,
): Promise<readonly SeenLine[]> {
  // A proxy of the machine is not for a server on it.
  const env = { ...process.env, NO_PROXY: "*", no_proxy: "*" };
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe", timeout: patience, env });
  const complaints = new Response(child.stderr).text();
  const lines: SeenLine[] = [];
  for await (const text of linesOf(child.stdout)) {
    const line: SeenLine = JSON.parse(text);
    lines.push(line);
    onLine(line);
  }
  const code = await child.exited;
  if (code === 0) return lines;
  const seen = lines.map((line) => JSON.stringify(line)).join("\n");
  throw new Error(
    `${command.slice(4).join(" ")} ended with ${child.signalCode ?? code}:\n${seen}\n${await complaints}`,
  );
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}
