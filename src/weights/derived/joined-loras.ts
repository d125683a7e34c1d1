import { type DType, dtypeBytes } from "../dtype.ts";
import { tucker } from "../lora/ingredient.ts";
import type { LoraBranch } from "../lora/lora.ts";
import { readBytes, readWeight } from "../read-weights.ts";
import type { FileStamp } from "../stamp.ts";
import type { WeightChange } from "../weight-change.ts";
import type { WeightRef } from "../weight-file.ts";
import { derivedSize, type PlannedTensor, readDerived, writeDerived } from "./derived-header.ts";
import type { Derived } from "./derived-kind.ts";
import { type JoinPlan, type PlannedModule, rankOf } from "./join-plan.ts";

/** One module's factors of all LoRAs of a set; see {@link PlannedModule} for their shapes. */
export type JoinedLora = Readonly<{
  down: WeightRef;
  up: WeightRef;
  /** For each of the R ranks, the place of its LoRA in the set. */
  owners: readonly number[];
  /** For each of the R ranks, what its LoRA's strength is multiplied by: alpha / rank. */
  scales: readonly number[];
}>;

/** The LoRAs of a network. */
export type JoinedLoras = Readonly<{
  /** How many LoRAs the set has: the length of the graph's vector of strengths. */
  count: number;
  /** By the module they attach to. */
  modules: ReadonlyMap<string, JoinedLora>;
  /** Changes of single tensors by their names, which need more than factors beside a module. */
  changes?: ReadonlyMap<string, readonly WeightChange[]>;
}>;

/** No LoRA at all. */
export const noLoras: JoinedLoras = { count: 0, modules: new Map() };

/** The factors of a plan of which nothing has to be joined: all of it can be mapped where it lies. */
export const joinedInPlace = (plan: JoinPlan): JoinedLoras | undefined =>
  plannedOf(plan).length === 0 ? gathered(plan, new Map()) : undefined;

/**
 * The joined factors of a set of LoRAs for one network.
 *
 * @param sources the LoRAs' files, in the order of the set
 */
export const joinedLoras = (plan: JoinPlan, sources: readonly FileStamp[]): Derived<JoinedLoras> => ({
  title: "The joined factors of the LoRAs",
  kind: "joined-loras-2",
  sources,
  plan: toJoin(plan).map(({ module, down, up, types, branches }) => [
    module,
    [down, types.down],
    [up, types.up],
    branches.map(({ branch: { down: own, up: other, mid } }) => [
      own.key,
      other.key,
      ...(mid ? [mid.key] : []),
    ]),
  ]),
  size: joinedSize(plan),
  write: (path) => writeJoined(plan, path),
  read: (path) => readJoined(plan, path),
});

/** The bytes that {@link writeJoined} will write. */
export const joinedSize = (plan: JoinPlan): number => derivedSize(plannedOf(plan));

/** The bytes that will be mapped: of the joined file, and of what stays in the files of the LoRAs. */
export const joinedBytes = (plan: JoinPlan): number =>
  plan.modules.reduce(
    (sum, { place }) => sum + (place === undefined ? 0 : place.down.length + place.up.length),
    toJoin(plan).length === 0 ? 0 : joinedSize(plan),
  );

/**
 * Writes the factors of a set as one safetensors file, `<module>.down` and `<module>.up`, module by module: no more than
 * one module's factors are in memory. They keep their numbers, and their type where they share one.
 *
 * @param path a file that is not there yet
 * @throws ModelError as {@link readWeight}, and what the file system throws
 */
export const writeJoined = (plan: JoinPlan, path: string): Promise<void> =>
  writeDerived(plannedOf(plan), path, async (file) => {
    for (const planned of toJoin(plan)) {
      for (const { branch } of planned.branches) await file.writeFile(downOf(branch, planned.types.down));
      await file.writeFile(sideBySide(planned));
    }
  });

/**
 * Opens a file of {@link writeJoined} after checking that it is the plan's, whole.
 *
 * @returns undefined if it is not there, or is damaged
 */
export function readJoined(plan: JoinPlan, path: string): JoinedLoras | undefined {
  const tensors = readDerived(plannedOf(plan), path);
  return tensors === undefined ? undefined : gathered(plan, tensors);
}

function gathered({ count, modules }: JoinPlan, tensors: ReadonlyMap<string, WeightRef>): JoinedLoras {
  const found = modules.flatMap(({ module, place, branches }): [string, JoinedLora][] => {
    const down = place?.down ?? tensors.get(`${module}.down`);
    const up = place?.up ?? tensors.get(`${module}.up`);
    if (down === undefined || up === undefined) return [];
    const each = (value: (planned: (typeof branches)[number]) => number): number[] =>
      branches.flatMap((planned) => Array.from({ length: rankOf(planned.branch) }, () => value(planned)));
    const [owners, scales] = [each(({ owner }) => owner), each(({ branch }) => branch.scale)];
    return [[module, { down, up, owners, scales }]];
  });
  return { count, modules: new Map(found) };
}

/** What does not stay where it lies. */
const toJoin = ({ modules }: JoinPlan): readonly PlannedModule[] =>
  modules.filter(({ place }) => place === undefined);

const plannedOf = (plan: JoinPlan): readonly PlannedTensor[] =>
  toJoin(plan).flatMap(({ module, down, up, types }) => [
    { name: `${module}.down`, dtype: types.down, shape: down },
    { name: `${module}.up`, dtype: types.up, shape: up },
  ]);

/** A down factor, with the Tucker core before it worked in. */
const downOf = ({ down, mid }: LoraBranch, type: DType): Uint8Array =>
  mid === undefined ? bytesAs(down, type) : bytes(tucker(mid, down));

/** Up factors [out, r] next to each other as [out, R]. */
function sideBySide({ up, types, branches }: PlannedModule): Uint8Array {
  const [out = 0, total = 0] = up;
  const size = dtypeBytes[types.up];
  const joined = new Uint8Array(out * total * size);
  let column = 0;
  for (const { branch } of branches) {
    const width = rankOf(branch) * size;
    const factor = bytesAs(branch.up, types.up);
    for (let row = 0; row < out; row += 1)
      joined.set(factor.subarray(row * width, (row + 1) * width), row * total * size + column);
    column += width;
  }
  return joined;
}

/** A tensor's numbers in a type: its own, or float32. */
const bytesAs = (ref: WeightRef, type: DType): Uint8Array =>
  ref.dtype === type && ref.scale === undefined ? readBytes(ref) : bytes(readWeight(ref));

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
