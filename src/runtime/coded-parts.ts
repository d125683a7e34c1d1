import { type EightBits, toCode } from "#/networks/eight-bits.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { codedWeights, plannedCodes } from "#/weights/derived/coded-weights.ts";
import type { CodedWeight, CodedWeights, ToCode } from "#/weights/eight-bits.ts";
import type { Located } from "#/weights/layouts/part-source.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import type { DerivedFiles } from "./derived-files.ts";
import type { CodedLayers } from "./open-network.ts";

/**
 * Values of a piece, at most, but for a weight that is more: each piece is a derived file of its own, so that one that was
 * stopped, or killed, goes on where it was, and two servers share what each of them has made.
 */
const pieceValues = 128 * 2 ** 20;

/** Some weights of one file that are coded together. */
type Piece = Readonly<{ source: FileStamp; weights: readonly ToCode[] }>;

/**
 * A network's weights in 8 bits: all of those its table names, also where a job changes some of them, so that every job has
 * the same files. Of a part that is made on the checkpoint's UNet (a Control-LoRA) the files are the UNet's own.
 */
function codedPieces(kinds: EightBits, { file, base, tensors }: Located): readonly Piece[] {
  if (base === undefined) return piecesOf(kinds, tensors, file);
  const own = new Map([...tensors].filter(([key]) => !base.shared.has(key)));
  return [...piecesOf(kinds, base.checkpoint.unet, base.checkpoint), ...piecesOf(kinds, own, file)];
}

function piecesOf(kinds: EightBits, tensors: WeightMap, source: FileStamp): readonly Piece[] {
  const pieces: ToCode[][] = [];
  let room = 0;
  for (const weight of toCode(kinds, tensors)) {
    const values = weight.ref.shape.reduce((product, n) => product * n, 1);
    if (values > room) {
      pieces.push([]);
      room = pieceValues;
    }
    room -= values;
    pieces.at(-1)?.push(weight);
  }
  return pieces.map((weights) => ({ source, weights }));
}

/** A network's part of its file, and names of tensors in it that a job adds something to: these keep their precision. */
type Changed = Readonly<{ located: Located; changed: ReadonlySet<string> }>;

/** The layers of a network in 8 bits in a job. */
type LayersInEightBits = Readonly<{
  layers: CodedLayers;
  /** What the network is drawn with. */
  open: (derived: DerivedFiles, inUse: (path: string) => boolean) => Promise<CodedWeights>;
  /** The same from headers alone, at places where nothing lies yet. */
  planned: () => CodedWeights;
}>;

/** @returns undefined for a network that has none */
export function layersInEightBits(
  kinds: EightBits | undefined,
  { located, changed }: Changed,
): LayersInEightBits | undefined {
  if (kinds === undefined) return undefined;
  const files = () => codedPieces(kinds, located).map(({ weights, source }) => codedWeights(weights, source));
  const drawn = (all: Iterable<readonly [string, CodedWeight]>): CodedWeights =>
    new Map([...all].filter(([module]) => isDrawn(`${module}.weight`, { located, changed })));
  return {
    layers: { files, kept: () => keptFull(kinds, { located, changed }) },
    open: async (derived, inUse) => {
      const found: [string, CodedWeight][] = [];
      for (const file of files()) found.push(...(await derived.of(file, inUse)));
      return drawn(found);
    },
    planned: () =>
      drawn(
        codedPieces(kinds, located).flatMap(({ weights }, at) => [...plannedCodes(weights, `/piece-${at}`)]),
      ),
  };
}

const isDrawn = (key: string, { located: { tensors }, changed }: Changed): boolean =>
  tensors.has(key) && !changed.has(key);

/** How many layers a network could have in 8 bits, and how many of them keep their precision because of a job's changes. */
function keptFull(kinds: EightBits, { located, changed }: Changed): ReturnType<CodedLayers["kept"]> {
  const keys = toCode(kinds, located.tensors).map(({ module }) => `${module}.weight`);
  return { layers: keys.length, full: keys.filter((key) => changed.has(key)).length };
}
