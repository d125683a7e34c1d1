import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Graph } from "#/graph/graph.ts";
import { weightSource } from "#/graph/module.ts";
import { type Operators, operators } from "#/graph/operators.ts";
import { captionNetworks, networks, sd1Networks } from "#/networks/index.ts";
import { previewNetworks } from "#/networks/preview-networks.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { othersForCuda } from "../../../scripts/check/cuda-placement/drawn.ts";
import { goldenPath } from "../../support/golden.ts";
import { locatedFor } from "../../support/network-tensors.ts";
import { nodeSignatures } from "../../support/node-signatures.ts";
import { headerOf, type SdxlSizes, sdxlBase, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

/**
 * For what ONNX Runtime's CUDA provider has kernels, and what it leaves to the CPU: as the provider of this version said when it opened
 * these networks (`scripts/check/cuda-placement`, which writes the file).
 */
const known: Readonly<{
  onnxruntime: string;
  kernels: readonly string[];
  onCpu: Readonly<Record<string, Readonly<Record<string, number>>>>;
}> = await Bun.file(goldenPath("cuda-kernels.json")).json();

const kernels = new Set(known.kernels);

function drawn(name: keyof typeof networks, sizes: SdxlSizes, table: Operators): Graph {
  const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sizes), "/checkpoint.safetensors"));
  const { from, draw } = networks[name];
  return draw(weightSource(name, locatedFor(from, checkpoint, sizes).tensors), table, { clipSkip: 2 });
}

test("the provider that was asked is of the version that is installed", async () => {
  const { version } = await Bun.file("node_modules/onnxruntime-node/package.json").json();
  expect(known.onnxruntime).toBe(version);
});

for (const name of Object.keys(networks) as (keyof typeof networks)[])
  test(`${name}: CUDA has been seen to take every operator in its types, full size and tiny, in half and in whole`, () => {
    for (const compute of ["float16", "float32"] as const)
      for (const sizes of [sdxlBase, sdxlTiny]) {
        const signatures = nodeSignatures(drawn(name, sizes, { ...operators.cuda, compute }));
        expect([...signatures].filter((signature) => !kernels.has(signature))).toEqual([]);
        expect(signatures.size).toBeGreaterThan(2);
      }
  });

test("the same of the networks of other tables: Stable Diffusion 1.x, captions, previews", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-kernels-"));
  try {
    const all = await Array.fromAsync(othersForCuda(folder));
    const others = [sd1Networks, captionNetworks, previewNetworks].flatMap((table) => Object.values(table));
    expect(new Set(all.map(({ name }) => name))).toEqual(new Set(others.map(({ name }) => name)));
    for (const { name, graph } of all)
      expect([name, ...[...nodeSignatures(graph)].filter((one) => !kernels.has(one))]).toEqual([name]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What is made of shapes and places, and of numbers that nobody's features are. */
const small: ReadonlySet<string> = new Set([
  ...[
    "Concat",
    "Gather",
    "Squeeze",
    "Cast",
    "Sub",
    "Sign",
    "Mul",
    "Add",
    "Neg",
    "Mod",
    "Unsqueeze",
    "Slice",
    "Range",
  ],
]);

test("what is left to the CPU is arithmetic on shapes, and no network's features cross over for it", () => {
  for (const [network, left] of Object.entries(known.onCpu))
    expect([network, ...Object.keys(left).filter((op) => !small.has(op))]).toEqual([network]);
  // In a plain step of the UNet nothing but lengths is put together there.
  expect(Object.keys(known.onCpu["unet, float16"] ?? {}).toSorted()).toEqual(["Concat", "Gather"]);
});

test("a graph of another operator or type would be noticed", () => {
  const graph = drawn("vae-decoder", sdxlTiny, operators.webgpu);
  expect([...nodeSignatures(graph)].filter((signature) => !kernels.has(signature))).not.toEqual([]);
});
