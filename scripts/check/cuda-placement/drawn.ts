import { existsSync, ftruncateSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Graph } from "#/graph/graph.ts";
import { type WeightSource, weightSource } from "#/graph/module.ts";
import { type Operators, operators } from "#/graph/operators.ts";
import { captionNetworks, networks, sd1Networks } from "#/networks/index.ts";
import type { Features, Network } from "#/networks/network.ts";
import { previewNetworks } from "#/networks/preview-networks.ts";
import { blipTensors } from "#/weights/layouts/blip.ts";
import { interposerFile } from "#/weights/layouts/interposer.ts";
import { previewKind } from "#/weights/layouts/preview.ts";
import { refinerCheckpoint } from "#/weights/layouts/refiner.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { blipBase, blipShapes } from "../../../test/support/blip-layout.ts";
import { goldenPath, tinyCheckpoint, tinyInterposer, tinySd1 } from "../../../test/support/golden.ts";
import { locatedFor } from "../../../test/support/network-tensors.ts";
import { headerOf, type SdxlSizes, sdxlShapes, sdxlTiny } from "../../../test/support/sdxl-layout.ts";

/** A graph of a card's table by the network's name and what it is drawn with. */
export type DrawnGraph = Readonly<{ name: string; compute: Operators["compute"]; graph: Graph }>;

type Kind = Readonly<{ kind: string; sizes: SdxlSizes; features: Features; only?: readonly string[] }>;

const plain: Features = { clipSkip: 2 };

/** As wide as SDXL, whose widths one of CUDA's kernels is made for, and as shallow as can be. */
const wide: SdxlSizes = {
  ...sdxlTiny,
  unet: { width: 320, factors: [1, 2, 4], depths: [0, 1, 1], middle: 1 },
};

const kinds: readonly Kind[] = [
  { kind: "", sizes: sdxlTiny, features: plain },
  {
    kind: ", with everything",
    sizes: sdxlTiny,
    features: { ...plain, freeU: true, inpaint: true, controlnet: true, ip_adapter: true },
    only: ["unet"],
  },
  { kind: ", wide", sizes: wide, features: plain, only: ["unet", "controlnet"] },
];

/**
 * Every network of the table as it is drawn for CUDA in both types, the UNet also with all that a job may add to it, and as wide as SDXL's; deeper
 * ones need the same kernels. Weights are in files of nothing below a folder, which take no room.
 */
export function* drawnForCuda(folder: string): Generator<DrawnGraph, void, undefined> {
  for (const { kind, sizes, features, only } of kinds)
    for (const [name, network] of Object.entries(networks)) {
      if (only?.includes(name) === false) continue;
      const source = sourceOf(network.from, sizes, join(folder, kind.replaceAll(/\W/g, "") || "plain"));
      for (const compute of ["float16", "float32"] as const)
        yield {
          name: `${name}${kind}`,
          compute,
          graph: network.draw(source, { ...operators.cuda, compute }, features),
        };
    }
}

function sourceOf(from: Parameters<typeof locatedFor>[0], sizes: SdxlSizes, folder: string): WeightSource {
  mkdirSync(folder, { recursive: true });
  const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sizes), "/checkpoint.safetensors"));
  return placedIn(folder, locatedFor(from, checkpoint, sizes).tensors);
}

/** The networks of other tables, of the files of golden tests, and BLIP in its own size. */
export async function* othersForCuda(folder: string): AsyncGenerator<DrawnGraph, void, undefined> {
  const base = sdxlCheckpoint(openWeights(await tinyCheckpoint()));
  const blip = blipTensors(headerOf(blipShapes(blipBase), "/blip.safetensors")).tensors;
  const interposer = interposerFile.read(openWeights(await tinyInterposer()), base).tensors;
  const previews = ["preview-approximation.pth", "preview-tiny-sequence.pth"].map((file) => {
    const weights = openWeights(goldenPath(file));
    const network = previewNetworks[previewKind(weights)];
    return [network, network.from.ownFile.read(weights, base).tensors] as const;
  });
  const all: readonly (readonly [Network, ReadonlyMap<string, WeightRef>])[] = [
    [sd1Networks["unet-sd1"], refinerCheckpoint(openWeights(await tinySd1())).unet],
    [sd1Networks.interposer, interposer],
    [captionNetworks["blip-vision"], blip],
    [captionNetworks["blip-text"], blip],
    ...previews,
  ];
  for (const [network, tensors] of all)
    for (const compute of ["float16", "float32"] as const)
      yield {
        name: network.name,
        compute,
        graph: network.draw(placedIn(folder, tensors), { ...operators.cuda, compute }, plain),
      };
}

function placedIn(folder: string, tensors: ReadonlyMap<string, WeightRef>): WeightSource {
  const placed = new Map([...tensors].map(([key, ref]) => [key, { ...ref, path: join(folder, ref.path) }]));
  for (const { path, offset, length } of placed.values()) {
    mkdirSync(dirname(path), { recursive: true });
    reserve(path, offset + length);
  }
  return weightSource("placed", placed);
}

function reserve(path: string, bytes: number): void {
  if (!existsSync(path) || statSync(path).size < bytes) ftruncateSync(openSync(path, "a"), bytes);
}
