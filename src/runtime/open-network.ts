import { Graph } from "#/graph/graph.ts";
import type { FileStretch } from "#/lib/read-ahead.ts";
import type { Derived } from "#/weights/derived/derived-kind.ts";
import type { OnnxFile } from "#/weights/onnx/read-onnx.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import type { Lengths } from "./card/length-of.ts";
import { type Footprint, footprintOf, totalBytes } from "./footprint.ts";
import type { Session, SessionOptions } from "./session.ts";

/** A network that is wanted open. */
export type NetworkRequest = Readonly<{
  /** Everything the graph depends on: files, their stamps, network, features. */
  key: string;
  /** For people. */
  name: string;
  /** Whether its weights are copied whatever the engine's setting says. */
  packed?: boolean | undefined;
  /** What it is made of. When one of them is replaced, the network is closed with the next job. */
  files: readonly FileStamp[];
  /** Makes the graph, or says which file has it; called on a miss only. */
  draw: () => Graph | OnnxFile | Promise<Graph>;
}>;

/** One that a job announces. */
export type JobRequest = NetworkRequest &
  Readonly<{
    /** Bytes that it will take once it is open, from headers alone; asked where it is not. */
    bytes: () => number;
    /** Bytes that it takes on a card: of its weights in the type they have there, and of its features in a run; left out nobody says. */
    onCard?: (lengths: Lengths) => Readonly<Record<"weights" | "features", number>>;
    /** Where the weights lie that are mapped once it is open, but for derived files, which are read when they are proved; left out nobody says. */
    reads?: () => readonly FileStretch[];
    /** Its layers in 8 bits, where the job has it in these. */
    coded?: CodedLayers | undefined;
  }>;

/** Layers of a network that a job has in 8 bits. */
export type CodedLayers = Readonly<{
  /** What must be made of its files before it is opened. */
  files: () => readonly Derived<unknown>[];
  /** How many there are, and how many of them keep their precision because something is added to their weights. */
  kept: () => Readonly<{ layers: number; full: number }>;
}>;

/** What a network takes that is open or about to be. */
export type Drawn = Readonly<{
  name: string;
  files: readonly FileStamp[];
  /** Files that the weights lie in. */
  paths: ReadonlySet<string>;
  footprint: Footprint;
  bytes: number;
  mappings: number;
}>;

/** A network that is open, or is being opened. */
export type OpenNetwork = Drawn & { readonly session: Promise<Session>; usedAt: number };

/** What a graph will take, opened with these options. */
export function drawn(
  { name, files }: NetworkRequest,
  graph: Graph | OnnxFile,
  { device, weights }: SessionOptions,
): Drawn {
  if (!(graph instanceof Graph)) return drawnByOthers(name, graph);
  const external = [...graph.weights.values()].filter(({ inline }) => !inline);
  // A device has its own copy of every weight.
  const footprint = footprintOf(
    graph,
    files,
    device === "cpu" && weights === "in-place" ? "mapped" : "copied",
  );
  return {
    name,
    files,
    paths: new Set(external.map(({ ref }) => ref.path)),
    footprint,
    bytes: totalBytes([footprint]),
    mappings: external.length,
  };
}

/** The runtime reads such a file whole, and lays its weights out anew. */
function drawnByOthers(name: string, { files, bytes }: OnnxFile): Drawn {
  const footprint: Footprint = { mapped: new Map(), copied: bytes };
  return { name, files, paths: new Set(files.map(({ path }) => path)), footprint, bytes, mappings: 0 };
}
