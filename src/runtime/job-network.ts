import { basename } from "node:path";
import type { Graph } from "#/graph/graph.ts";
import { weightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { once } from "#/lib/once.ts";
import type { FileStretch } from "#/lib/read-ahead.ts";
import type { Features, Network } from "#/networks/network.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { planJoin } from "#/weights/derived/join-plan.ts";
import {
  type JoinedLoras,
  joinedBytes,
  joinedInPlace,
  joinedLoras,
  noLoras,
} from "#/weights/derived/joined-loras.ts";
import { changedBytes, changesInPlace, loraChanges, planChanges } from "#/weights/derived/lora-changes.ts";
import type { Differences } from "#/weights/differences.ts";
import type { CodedWeights } from "#/weights/eight-bits.ts";
import type { Located } from "#/weights/layouts/part-source.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import { featureBytes } from "./card/feature-bytes.ts";
import type { Card } from "./card/job-plan.ts";
import { layersInEightBits } from "./coded-parts.ts";
import type { DerivedFiles } from "./derived-files.ts";
import { footprintOf, totalBytes } from "./footprint.ts";
import { changesOn } from "./job-changes.ts";
import type { KnownFiles, ModelParts, Patch } from "./job-files.ts";
import type { LoraUse } from "./lora-set.ts";
import type { JobRequest } from "./open-network.ts";
import type { Residency } from "./residency.ts";
import { stretchesOf } from "./stretches.ts";

/** What all jobs share: the provider's operators, what is open, and the files made of model files. */
export type Workshop = Readonly<{
  operators: Operators;
  residency: Residency;
  derived: DerivedFiles;
  /** The card that a job runs on, where its memory is known; left out nothing is planned. */
  card?: Card;
  /** Told what a job is about to map, of networks that are not open yet; left out nobody is. */
  willRead?: (stretches: readonly FileStretch[]) => void;
  /** How checkpoints and LoRAs are read, where those read before are known; left out each is read anew. */
  known?: KnownFiles;
}>;

/** A network as a job has it. */
export type JobNetwork = Readonly<{
  located: Located;
  /** The LoRAs that have factors in it. */
  loras: readonly LoraUse[];
  /** The differences that are added to its weights. */
  patch: Differences | undefined;
  request: Omit<JobRequest, "draw"> & Readonly<{ draw: () => Promise<Graph> }>;
}>;

/**
 * What a network of the table is in a job: where its tensors lie, which LoRAs change it, and the request by which it is
 * open or gets opened. Two jobs whose networks have the same key share one.
 *
 * @throws ModelError as {@link ModelParts.locate}
 */
export function jobNetwork(
  network: Network,
  files: Pick<ModelParts, "loras" | "locate" | "patch">,
  features: Features,
  { operators, residency, derived }: Workshop,
): JobNetwork {
  const { name, loras: part, keyedBy } = network;
  const located = files.locate(network.from);
  const { loras, patches } = changesOn(network, located, files);
  const whole = together(patches.map(({ differences }) => differences));
  const sources = loras.flatMap(({ lora }) => lora.files);
  const madeOf = stampsOf(located, sources, patches);
  const plan = () => planJoin(part === undefined ? [] : loras.map(({ lora }) => lora[part]), located.tensors);
  const inUse = (path: string): boolean => residency.isUsing(path);
  const changes = () => planChanges(part === undefined ? [] : loras.map(({ lora }) => lora.changes[part]));
  const title = `${basename(located.file.path)} (${name})`;
  const draw = (
    tensors = located.tensors,
    joined = noLoras,
    differences = whole,
    coded: CodedWeights = new Map(),
  ) => network.draw({ ...weightSource(title, tensors, joined, differences), coded }, operators, features);
  const changed = changedTensors(part, loras, whole);
  const eightBits = features.fast ? layersInEightBits(network.eightBits, { located, changed }) : undefined;
  const loraParts = async (): Promise<JoinedLoras> => {
    const branches = plan();
    const joined = joinedInPlace(branches) ?? (await derived.of(joinedLoras(branches, sources), inUse));
    const own = changes();
    const made = changesInPlace(own) ?? (await derived.of(loraChanges(own, sources), inUse));
    return { ...joined, changes: made };
  };
  const request: JobNetwork["request"] = {
    key: [
      name,
      ...keyedBy.map((feature) => `${feature}=${features[feature] ?? false}`),
      ...(eightBits === undefined ? [] : ["fast"]),
      ...madeOf.map(({ path, stamp }) => `${path}:${stamp}`),
    ].join("|"),
    name,
    packed: network.packed,
    files: madeOf,
    draw: async () => {
      const joined = loras.length === 0 ? noLoras : await loraParts();
      const tensors = await mappableTensors(located, derived, inUse);
      const mapped = patches.map((patch) => mappablePatch(patch, derived, inUse));
      const differences = together(await Promise.all(mapped));
      return draw(tensors, joined, differences, await eightBits?.open(derived, inUse));
    },
    ...outlook({
      files: madeOf,
      packed: network.packed === true,
      draw: () => draw(located.tensors, noLoras, whole, eightBits?.planned()),
      factors: () => (loras.length === 0 ? 0 : joinedBytes(plan()) + changedBytes(changes())),
    }),
    reads: () => (eightBits === undefined ? stretchesOf(located.tensors.values()) : []),
    coded: eightBits?.layers,
  };
  return { located, loras, patch: whole, request };
}

/** What a network will take once it is open, from headers alone. */
const outlook = ({
  files,
  packed,
  draw,
  factors,
}: Readonly<{
  files: readonly FileStamp[];
  packed: boolean;
  /** Without its LoRAs. */
  draw: () => Graph;
  /** Bytes of these. */
  factors: () => number;
}>): Pick<JobNetwork["request"], "bytes" | "onCard"> => {
  // Asked several times where a card is planned, by the ways that a stage may go.
  const graph = once(draw);
  const bytes = (weights: "mapped" | "copied"): number =>
    totalBytes([footprintOf(graph(), files, weights)]) + factors();
  return {
    bytes: () => bytes(packed ? "copied" : "mapped"),
    onCard: (lengths) => ({ weights: bytes("copied"), features: featureBytes(graph(), lengths).arena }),
  };
};

/** All files that a network is made of. */
const stampsOf = (
  { file, base }: Located,
  loras: readonly FileStamp[],
  patches: readonly Patch[],
): readonly FileStamp[] =>
  [
    file,
    ...(base === undefined ? [] : [base.checkpoint]),
    ...loras,
    ...patches.map((patch) => patch.file),
  ].map(({ path, stamp }) => ({ path, stamp }));

/** Names of the tensors that something is added to, but for factors beside a module. */
const changedTensors = (
  part: Network["loras"],
  loras: readonly LoraUse[],
  patch: Differences | undefined,
): ReadonlySet<string> =>
  new Set([
    ...(patch?.tensors.keys() ?? []),
    ...(part === undefined ? [] : loras.flatMap(({ lora }) => [...lora.changes[part].keys()])),
  ]);

/** A part's tensors, of its own file and of the checkpoint that it is made on, whose UNet is mapped as it is for itself. */
async function mappableTensors(
  { file, base, tensors }: Located,
  derived: DerivedFiles,
  inUse: (path: string) => boolean,
): Promise<WeightMap> {
  if (base === undefined) return derived.mappable(tensors, file, inUse);
  const { checkpoint, shared } = base;
  const own = new Map([...tensors].filter(([key]) => !shared.has(key)));
  const unet = await derived.mappable(checkpoint.unet, checkpoint, inUse);
  return new Map([
    ...[...unet].filter(([key]) => shared.has(key)),
    ...(await derived.mappable(own, file, inUse)),
  ]);
}

/** Differences that can all be mapped: a patch is large, and mostly compressed in its file. */
async function mappablePatch(
  { file, differences: { count, tensors } }: Patch,
  derived: DerivedFiles,
  inUse: (path: string) => boolean,
): Promise<Differences> {
  const places = new Map(
    [...tensors].flatMap(([key, [one]]) => (one === undefined ? [] : [[key, one.values]])),
  );
  const mapped = await derived.mappable(places, file, inUse);
  const placed = [...tensors].map(([key, list]) => {
    const values = mapped.get(key);
    return [key, values === undefined ? list : list.map((one) => ({ ...one, values }))] as const;
  });
  return { count, tensors: new Map(placed) };
}

/** Several as one: each is added as it is. */
function together(all: readonly Differences[]): Differences | undefined {
  const [first, ...rest] = all;
  if (first === undefined || rest.length === 0) return first;
  const keys = new Set(all.flatMap(({ tensors }) => [...tensors.keys()]));
  const tensors = new Map([...keys].map((key) => [key, all.flatMap((one) => one.tensors.get(key) ?? [])]));
  return { count: first.count, tensors };
}
