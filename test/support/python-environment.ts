import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** An environment's interpreter; or why there is none on this machine, in a line. */
export type PythonEnvironment = Readonly<{ python: string } | { missing: string }>;

/** Milliseconds that an installation may take; a registry that cannot be reached answers never. */
const patience = 600_000;

/**
 * A virtual environment with the packages of a requirements file. It is made once a machine and user, below
 * `~/.cache/fooocusd-tests`, under the hash of what it has: another list, or another Python, is another environment. Two that
 * make the same one at a time do not meet: each makes its own, and what the first has made is taken.
 *
 * @param requirements its file; each package has its version, so that a test is the same tomorrow
 * @throws if a line of the file leaves its version open
 */
export async function pythonEnvironment(requirements: string): Promise<PythonEnvironment> {
  const text = readFileSync(requirements, "utf8");
  const open = text.split("\n").filter((line) => !/^(#.*|[\w.[\]-]+==[\w.]+)?$/.test(line.trim()));
  if (open.length > 0) throw new Error(`${requirements} leaves versions open: ${open.join(", ")}`);
  const base = Bun.which("python3") ?? Bun.which("python");
  if (base === null) return { missing: "there is no python3" };
  const version = await ran([base, "-c", "import sys; print(sys.version, sys.prefix)"]);
  if ("failed" in version) return { missing: `${base} does not run: ${version.failed}` };
  const cache = join(homedir(), ".cache/fooocusd-tests");
  const name = createHash("sha256").update(version.out).update(text).digest("hex").slice(0, 16);
  const found = join(cache, name);
  const python = join(found, "bin/python");
  if (existsSync(python) && !("failed" in (await ran([python, "--version"])))) return { python };
  try {
    mkdirSync(cache, { recursive: true });
    const missing = await makeAt(found, base, requirements);
    return missing === undefined ? { python } : { missing };
  } catch (thrown) {
    return { missing: `${cache} cannot be written to: ${String(thrown)}` };
  }
}

/**
 * Programs of an environment have its path in them, so it is made where it stays, and its name becomes a link to it at the end.
 *
 * @returns why it could not be made
 */
async function makeAt(found: string, base: string, requirements: string): Promise<string | undefined> {
  const folder = mkdtempSync(`${found}-`);
  const give = (reason: string): string => {
    rmSync(folder, { recursive: true, force: true });
    return reason;
  };
  const made = await ran([base, "-m", "venv", folder]);
  if ("failed" in made) return give(`no virtual environment could be made: ${made.failed}`);
  const pip = [join(folder, "bin/python"), "-m", "pip", "install", "--quiet", "--no-input", "--retries=1"];
  const installed = await ran([...pip, "--timeout=30", "--only-binary=:all:", "-r", requirements]);
  if ("failed" in installed) return give(`its packages could not be installed: ${installed.failed}`);
  if (existsSync(join(found, "bin/python"))) return void give("");
  rmSync(found, { force: true });
  symlinkSync(folder, found);
  return undefined;
}

/** What a program prints; or the last line of what it says when it fails. */
async function ran(command: readonly string[]): Promise<{ out: string } | { failed: string }> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe", timeout: patience });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  if (code === 0) return { out };
  const said = `${out}\n${err}`.trim().split("\n");
  const last = said.findLast((line) => line.startsWith("ERROR")) ?? said.at(-1) ?? "";
  return { failed: last.trim() === "" ? `it ended with ${code}` : last.trim() };
}
