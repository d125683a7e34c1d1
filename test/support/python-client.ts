// To add a Python client NAME:
// 1. test/clients/python/NAME.txt pins its packages (`pip freeze`; it gets an environment of its own), and NAME.py, called with the
//    server's address and whatever the test gives, prints an object as a line of JSON for each thing it sees: print(json.dumps(...)).
// 2. test/clients/NAME.test.ts: `const client = await pythonClient("NAME")`, then
//    `client.test("what is proved", async () => expect(await client.run([bench.url, "secret"])).toEqual([...]))`, with a bench of serveBench.
import { test } from "bun:test";
import { dirname, join } from "node:path";
import { pythonEnvironment } from "./python-environment.ts";
import { type SeenLine, seenLines } from "./seen-lines.ts";

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
  /** Where a program of its packages lies. */
  program: (name: string) => string;
}>;

const folder = join(import.meta.dir, "../clients/python");

/**
 * A client of `test/clients/python`, installed when it is asked for the first time. Why it cannot be is printed.
 *
 * @param script   `<script>.py` is run
 * @param packages `<packages>.txt` is installed; of another name where a script is tried with several versions, say
 */
export async function pythonClient(script: string, packages = script): Promise<PythonClient> {
  const environment = await pythonEnvironment(join(folder, `${packages}.txt`));
  if ("missing" in environment) {
    const { missing } = environment;
    console.log(`skipped: the Python client ${packages}: ${missing}`);
    return { test: test.skip, run: () => Promise.reject(new Error(missing)), program: (name) => name };
  }
  const { python } = environment;
  // Isolated, or a script would import itself by the name of its package; unbuffered, as a test waits for its lines.
  const command = [python, "-I", "-B", "-u", join(folder, `${script}.py`)];
  return {
    test,
    run: (args, onLine) => seenLines([...command, ...args], onLine),
    program: (name) => join(dirname(python), name),
  };
}
