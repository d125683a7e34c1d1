import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { $ } from "bun";

/** Libraries that stand in for NVIDIA's, by the names that the provider is linked against or opens. */
const versioned = ["libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13"] as const;
const plain = ["libcurand.so.10", "libcuda.so.1", "libcudnn.so.9", "libcudnn.so"] as const;

/**
 * Builds the stand-ins for NVIDIA's libraries that a CUDA provider wants; needs a C compiler and binutils.
 *
 * @param provider libonnxruntime_providers_cuda.so
 * @param folder   where they are put
 */
export async function makeStandIn(provider: string, folder: string): Promise<void> {
  const source = join(import.meta.dir, "stand-in.c");
  const written = new Set(
    [...(await Bun.file(source).text()).matchAll(/^(?!static)[a-z].*?\b(\w+)\([^;]*\{/gm)].map(
      ([, name]) => name,
    ),
  );
  const wanted = (await $`nm -D --undefined-only ${provider}`.text())
    .split("\n")
    .map((line) => line.trim().split(" ").at(-1) ?? "")
    .filter((symbol) => /^(cu|__cuda|curand)/.test(symbol))
    .map((symbol) => symbol.split(/@+/));
  const opened = [...(await $`strings -n 6 ${provider}`.text()).matchAll(/^cudnn[A-Z]\w+$/gm)].map(
    ([name]) => name,
  );
  const names = new Set([...wanted.map(([name = ""]) => name), ...opened]);
  const rest = join(folder, "rest.c");
  writeFileSync(
    rest,
    [...names]
      .filter((name) => !written.has(name))
      .map((name) => `long ${name}() { return 0; }\n`)
      .join(""),
  );
  const build = (name: string, ...more: readonly string[]) =>
    $`cc -O1 -w -shared -fPIC -o ${join(folder, name)} -Wl,-soname,${name} ${source} ${rest} ${more}`.quiet();
  for (const name of versioned) {
    const own = wanted.filter(([, version]) => version === name).map(([symbol]) => `${symbol};`);
    const map = join(folder, `${name}.map`);
    writeFileSync(map, `${name} { global: ${own.join(" ")} };\n`);
    await build(name, `-Wl,--version-script=${map}`);
  }
  for (const name of plain) await build(name);
}
