import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { encode } from "#/graph/encode.ts";
import { nodeSignatures } from "../../../test/support/node-signatures.ts";
import { drawnForCuda, othersForCuda } from "./drawn.ts";
import { makeStandIn } from "./make-stand-in.ts";

/**
 * Opens every network of the table with ONNX Runtime's own CUDA provider on a machine without a card (`stand-in.c`), and writes
 * `test/golden/cuda-kernels.json`: for which operators and types the provider has kernels, and what it leaves to the CPU.
 *
 *   npm run bun -- scripts/check/cuda-placement/place.ts FOLDER [NETWORK ...]
 *
 * FOLDER has libonnxruntime_providers_cuda.so and libonnxruntime_providers_shared.so of the version of onnxruntime-node (in the wheel
 * onnxruntime-gpu below onnxruntime/capi). Needs cc, nm and strings. With names of networks nothing is written.
 */
const [given, ...only] = process.argv.slice(2);
if (given === undefined) throw new Error("Name the folder with the provider's libraries.");
const work = mkdtempSync(join(tmpdir(), "cuda-placement-"));
const stand = join(work, "stand-in");
mkdirSync(stand);

/** onnxruntime-node with the provider beside its library. */
function packagesWithProvider(): string {
  const packages = join(work, "packages");
  for (const name of ["onnxruntime-node", "onnxruntime-common"])
    cpSync(`node_modules/${name}`, join(packages, "node_modules", name), { recursive: true });
  writeFileSync(join(packages, "package.json"), "{}");
  for (const name of ["shared", "cuda"]) {
    const file = `libonnxruntime_providers_${name}.so`;
    symlinkSync(
      resolve(given ?? "", file),
      join(packages, "node_modules/onnxruntime-node/bin/napi-v6/linux/x64", file),
    );
  }
  return packages;
}

/** What of each graph the provider leaves to the CPU, by operator; throws in its words where it does not open one. */
async function leftToCpu(
  packages: string,
  weights: string,
  models: readonly string[],
): Promise<readonly Record<string, number>[]> {
  const args = [join(import.meta.dir, "opened.ts"), packages, weights, ...models];
  const child = Bun.spawn([process.execPath, ...args], {
    env: { ...process.env, LD_LIBRARY_PATH: stand, ORT_DISABLE_TELEMETRY: "1" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const texts = await Promise.all([child.stdout, child.stderr].map((stream) => new Response(stream).text()));
  return models.map((model, at) => {
    const parts = texts.map((text) => text.split(/^== .*$/m)[at + 1] ?? "");
    if (!parts.some((part) => /^opened$/m.test(part)))
      throw new Error(`${model} is not opened: ${parts.join("").slice(-2000)}`);
    return placedOnCpu(parts.join("\n"));
  });
}

function placedOnCpu(log: string): Record<string, number> {
  const found: Record<string, number> = {};
  let isCpu = false;
  for (const line of log.split("\n")) {
    const [, said] = /VerifyEachNodeIsAssignedToAnEp\]\s+(.*)/.exec(line) ?? [];
    if (said === undefined) continue;
    const [, provider] = /placed on \[(\w+)\]/.exec(said) ?? [];
    if (provider !== undefined) isCpu = provider === "CPUExecutionProvider";
    const [, op] = /^(\w+) \(/.exec(said) ?? [];
    if (isCpu && op !== undefined) found[op] = (found[op] ?? 0) + 1;
  }
  return found;
}

const kernels = new Set<string>();
const onCpu: Record<string, Record<string, number>> = {};
try {
  await makeStandIn(resolve(given, "libonnxruntime_providers_cuda.so"), stand);
  const packages = packagesWithProvider();
  const weights = join(work, "weights");
  const all = [...drawnForCuda(weights), ...(await Array.fromAsync(othersForCuda(weights)))];
  const drawn = all.filter(({ name }) => only.length === 0 || only.includes(name));
  const models = drawn.map(({ graph }, at) => {
    const model = join(work, `${at}.onnx`);
    writeFileSync(model, encode(graph, { folder: weights, inPlace: false }));
    return model;
  });
  const left = await leftToCpu(packages, weights, models);
  for (const [at, { name, compute, graph }] of drawn.entries()) {
    for (const signature of nodeSignatures(graph)) kernels.add(signature);
    const own = left[at] ?? {};
    if (Object.keys(own).length > 0) onCpu[`${name}, ${compute}`] = own;
    console.log(`${name}, ${compute}: ${graph.nodes.length} nodes, on the CPU ${JSON.stringify(own)}`);
  }
} finally {
  rmSync(work, { recursive: true });
}
const { version } = await Bun.file("node_modules/onnxruntime-node/package.json").json();
const found = { onnxruntime: version, kernels: [...kernels].toSorted(), onCpu };
if (only.length === 0)
  await Bun.write("test/golden/cuda-kernels.json", `${JSON.stringify(found, undefined, 1)}\n`);
