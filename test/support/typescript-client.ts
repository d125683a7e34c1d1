import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";
import { type SeenLine, seenLines } from "./seen-lines.ts";

const root = join(import.meta.dir, "../..");

/** A program in a folder of its own, as somebody has it who writes one. */
export type TypeScriptClient = Readonly<{
  folder: string;
  /** What the compiler says of all files of the folder; nothing if they are right. */
  compile: () => Promise<string>;
  /** Runs it, with what it is given, and tells what it saw. */
  run: (args: readonly string[]) => Promise<readonly SeenLine[]>;
  remove: () => void;
}>;

/**
 * A client of `test/clients/typescript`: `<name>.txt` becomes `client.ts`, beside which a test puts what was generated. It is
 * text here, since it imports what is not there yet. The compiler is strict.
 */
export function typescriptClient(name: string): TypeScriptClient {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-client-"));
  copyFileSync(join(root, `test/clients/typescript/${name}.txt`), join(folder, "client.ts"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const compilerOptions = {
    target: "ESNext",
    module: "Preserve",
    moduleResolution: "bundler",
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: ["bun"],
    lib: ["ESNext", "DOM", "DOM.Iterable"],
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["**/*.ts"], exclude: ["node_modules"] }),
  );
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  return {
    folder,
    compile: async () => (await runProgram([process.execPath, compiler, "-p", "."], folder)).out,
    run: (args) => seenLines([process.execPath, join(folder, "client.ts"), ...args]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
