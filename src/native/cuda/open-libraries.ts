import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openLibrary } from "./c-library.ts";
import { neededLibraries } from "./elf.ts";
import { providers } from "./link-providers.ts";

/** A library that could not be opened, and the dynamic linker's words, which may name one that it needs itself. */
export type Unopened = Readonly<{ library: string; reason: string }>;

/** What the system has, and the driver's own, which is looked for elsewhere. */
const ofTheSystem = /^(?:lib(?:c|m|dl|rt|pthread|stdc\+\+|gcc_s|cuda)\.so|ld-linux)/;

/**
 * cuDNN 9, which the provider opens by name when a convolution first asks for it. It opens its parts in the same way, and ends the
 * process where one is missing: so all that convolutions take are tried beforehand, those first that the others need.
 */
export const cudnn = [
  "",
  "_graph",
  "_ops",
  "_cnn",
  "_heuristic",
  "_engines_precompiled",
  "_engines_runtime_compiled",
].map((part) => `libcudnn${part}.so.9`);

/** What compiles kernels at run time, for cuDNN and cuBLAS: opened by name when one is wanted, the second part by the first. */
const compiler = /^libnvrtc(?:-builtins)?\.so\.[\d.]+$/;

/**
 * Opens what ONNX Runtime's CUDA provider needs by full path, before it is asked for: the dynamic linker takes a library that is open
 * already under the name it looks for, so no path has to be set. What is not in the folder is looked for where the system looks
 * (`LD_LIBRARY_PATH`, ld.so.conf): a folder may hold the provider alone. Opened libraries stay open until the process ends.
 *
 * @param folder with the provider
 * @returns the first that could not be opened
 */
export function openCudaLibraries(folder: string): Unopened | undefined {
  for (const name of librariesToOpen(folder)) {
    const own = join(folder, name);
    const reason = openLibrary(existsSync(own) ? own : name);
    if (reason !== undefined) return { library: name, reason };
  }
  return undefined;
}

/** Names in the order in which they are opened: what compiles, what the provider is linked against (of these each one's own needs come first), cuDNN. */
export function librariesToOpen(folder: string): readonly string[] {
  const compilers = readdirSync(folder)
    .filter((name) => compiler.test(name))
    .sort((one, other) => other.length - one.length);
  const linked = neededLibraries(join(folder, providers[1])).filter((name) => !ofTheSystem.test(name));
  return [...compilers, ...linked, ...cudnn];
}

/** CUDA's major version that a provider was built with, as the name of the runtime says that it is linked against. */
export function cudaOf(folder: string): number | undefined {
  const needed = neededLibraries(join(folder, providers[1]));
  const number = needed
    .map((name) => /^libcudart\.so\.(\d+)$/.exec(name)?.[1])
    .find((one) => one !== undefined);
  return number === undefined ? undefined : Number(number);
}
