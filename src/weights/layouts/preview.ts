import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { WeightMap } from "../checkpoint.ts";
import type { WeightFile } from "../weight-file.ts";
import type { OwnFile, PartSource } from "./part-source.ts";

/** What kind of network for previews a file holds. */
export type PreviewKind = "approximation" | "tiny-decoder";

const firstOfApproximation = "conv1.weight";
/** The first convolution, in diffusers' names, and in those of the decoder alone. */
const firstOfDiffusers = "decoder.layers.0.weight";
const firstOfSequence = "1.weight";

const own = {
  kind: "vae_approx",
  prefixes: [""],
  missing: "has no network for previews inside: put one into the vae_approx folder.",
} as const;

/** The small network of eight convolutions that Fooocus makes previews with (`xlvaeapp.pth`). */
const approximation: OwnFile = {
  ...own,
  knownBy: firstOfApproximation,
  read: (file) => ({ tensors: file.tensors, notes: [] }),
};

/** The decoder of TAESDXL (madebyollin/taesd): of its own file, or of the one that diffusers has. */
const tinyDecoder: OwnFile = {
  ...own,
  knownBy: firstOfDiffusers,
  read: (file) => ({ tensors: decoderLayers(file.tensors), notes: [] }),
};

/** Where the networks for previews lie. */
export const previewSources = {
  approximation: { ownFile: approximation },
  "tiny-decoder": { ownFile: tinyDecoder },
} as const satisfies Record<PreviewKind, PartSource>;

/**
 * Which network a file holds.
 *
 * @throws ModelError `layout-unsupported` if it is none for previews of SDXL
 */
export function previewKind(file: WeightFile): PreviewKind {
  const channels = (name: string): number | undefined => file.tensors.get(name)?.shape[1];
  if (channels(firstOfApproximation) === 4) return "approximation";
  if (channels(firstOfDiffusers) === 4 || channels(firstOfSequence) === 4) return "tiny-decoder";
  const { path } = file;
  const message = `${basename(path)} makes no previews of SDXL: it is neither Fooocus' xlvaeapp nor the decoder of TAESDXL.`;
  throw new ModelError("layout-unsupported", message, { path });
}

/** Diffusers' names: it does not count the clamp of the latent, which the decoder alone has as its layer 0. */
function decoderLayers(tensors: WeightMap): WeightMap {
  if (tensors.has(firstOfDiffusers))
    return new Map([...tensors].filter(([key]) => key.startsWith("decoder.layers.")));
  const renamed = [...tensors].flatMap(([key, ref]) => {
    const [, index, rest] = /^(\d+)\.(.+)$/.exec(key) ?? [];
    return index === undefined ? [] : [[`decoder.layers.${Number(index) - 1}.${rest}`, ref] as const];
  });
  return new Map(renamed);
}
