import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What compiles C here; undefined where nothing does. */
export const compiler = Bun.which("cc") ?? Bun.which("gcc") ?? undefined;

/** Behind the name of a test that cannot be run: why. */
export const withoutCompiler = compiler === undefined ? " (skipped: there is no C compiler)" : "";

/** Whether a driver can stand in here. */
export const canStandIn = compiler !== undefined && process.platform === "linux" && process.arch === "x64";

/** Compiles a shared library. @throws Error with the compiler's words */
export function compile(source: string, library: string, args: readonly string[] = []): void {
  const words = [compiler ?? "cc", "-shared", "-fPIC", "-o", library, source, ...args];
  const { exitCode, stderr } = Bun.spawnSync(words);
  if (exitCode !== 0) throw new Error(stderr.toString());
}

/** A library of that name that holds nothing but one function. */
export function emptyLibrary(folder: string, name: string, args: readonly string[] = []): string {
  const source = join(folder, `${name}.c`);
  writeFileSync(source, "int nothing(void) { return 0; }\n");
  const library = join(folder, name);
  compile(source, library, [`-Wl,-soname,${name}`, ...args]);
  rmSync(source);
  return library;
}

/** A driver that answers what the environment says (`stand-in-driver.c`), and no card behind it. */
export function standInDriver() {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-driver-"));
  compile(join(import.meta.dir, "stand-in-driver.c"), join(folder, "libcuda.so.1"), [
    "-Wl,-soname,libcuda.so.1",
  ]);
  copyFileSync(join(folder, "libcuda.so.1"), join(folder, "libnvidia-ml.so.1"));
  return {
    folder,
    /** What leads the dynamic linker to it. */
    environment: { LD_LIBRARY_PATH: folder },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
