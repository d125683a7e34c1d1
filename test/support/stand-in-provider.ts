import { appendFileSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { providers } from "#/native/cuda/link-providers.ts";
import { cudnn } from "#/native/cuda/open-libraries.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { compile, emptyLibrary } from "./stand-in-driver.ts";

/** What a provider does when it is loaded, in C. */
const deeds = { aborts: "abort()", crashes: "raise(SIGSEGV)", hangs: "for (;;) sleep(1)" } as const;

/**
 * A folder with everything that CUDA is looked for by, and a provider that ends its process or never ends when ONNX Runtime loads it.
 *
 * @param deed what it does
 */
export function standInProvider(folder: string, deed: keyof typeof deeds): string {
  mkdirSync(folder);
  const runtime = emptyLibrary(folder, "libcudart.so.13");
  const [first = "", ...others] = cudnn;
  emptyLibrary(folder, first);
  for (const name of others) copyFileSync(join(folder, first), join(folder, name));
  for (const name of providers) {
    const library = join(folder, name);
    const args = [`-DAT_LOAD=${deeds[deed]}`, `-Wl,-soname,${name}`, "-Wl,--no-as-needed", runtime];
    compile(join(import.meta.dir, "stand-in-provider.c"), library, args);
    appendFileSync(library, `\0${version}\0`);
  }
  return folder;
}

/** A folder of its own for ONNX Runtime's library, beside which its providers are linked. */
export function ownRuntime(folder: string): string {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(libraryFolder(), "libonnxruntime.so.1"), join(folder, "libonnxruntime.so.1"));
  return folder;
}

/** Of ONNX Runtime here. */
const { version } = JSON.parse(
  readFileSync(Bun.resolveSync("onnxruntime-node/package.json", import.meta.dir), "utf8"),
) as { version: string };
