import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { binary } from "./binary.ts";

/** How a command ended, and what it wrote. */
export type Ran = Readonly<{ code: number; out: string; err: string }>;

/**
 * Runs a command of the binary in a folder, with `home/` in it as its home, to its end.
 *
 * @param env beside those of an empty machine
 */
export async function runBinary(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  mkdirSync(join(folder, "home"), { recursive: true });
  const child = Bun.spawn([binary, ...args], {
    cwd: folder,
    env: { HOME: join(folder, "home"), PATH: "/usr/bin:/bin", LANG: "C.UTF-8", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}
