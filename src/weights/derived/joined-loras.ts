import { open } from "node:fs/promises";
import { ModelError } from "#/lib/errors.ts";
import { tucker } from "../lora/ingredient.ts";
import type { LoraBranch } from "../lora/lora.ts";
import { readWeight } from "../read-weights.ts";
import { readSafetensors } from "../safetensors.ts";
import type { FileStamp } from "../stamp.ts";
import type { WeightChange } from "../weight-change.ts";
import type { WeightRef } from "../weight-file.ts";
import { derivedHeader, derivedSize, type PlannedTensor } from "./derived-header.ts";
import type { Derived } from "./derived-kind.ts";
import { type JoinPlan, type PlannedModule, rankOf } from "./join-plan.ts";

/** One module's factors of all LoRAs of a set, in float32; see {@link PlannedModule} for their shapes. */
export type JoinedLora = Readonly<{
  down: WeightRef;
  up: WeightRef;
  /** For each of the R ranks, the place of its LoRA in the set. */
  owners: readonly number[];
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

/**
 * The joined factors of a set of LoRAs for one network.
 *
 * @param sources the LoRAs' files, in the order of the set
 */
export const joinedLoras = (plan: JoinPlan, sources: readonly FileStamp[]): Derived<JoinedLoras> => ({
  title: "The joined factors of the LoRAs",
  kind: "joined-loras-1",
  sources,
  plan: plan.modules.map(({ module, down, up, branches }) => [
    module,
    down,
    up,
    branches.map(({ owner, branch }) => [
      owner,
      branch.down.key,
      branch.up.key,
      branch.scale,
      ...(branch.mid === undefined ? [] : [branch.mid.key]),
    ]),
  ]),
  size: joinedSize(plan),
  write: (path) => writeJoined(plan, path),
  read: (path) => readJoined(plan, path),
});

/** The bytes that {@link writeJoined} will write. */
export const joinedSize = (plan: JoinPlan): number => derivedSize(plannedOf(plan));

/**
 * Writes the factors of a set as one safetensors file, `<module>.down` and `<module>.up` in float32, module by module: no
 * more than one module's factors are in memory. `scale` (alpha / rank) is multiplied into the up factors.
 *
 * @param path a file that is not there yet
 * @throws ModelError as {@link readWeight}, and what the file system throws
 */
export async function writeJoined(plan: JoinPlan, path: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(derivedHeader(plannedOf(plan)));
    for (const planned of plan.modules) {
      for (const { branch } of planned.branches) await file.writeFile(bytes(downOf(branch)));
      await file.writeFile(bytes(sideBySide(planned)));
    }
    await file.sync(); // before it gets its name: a crash must leave no file of holes behind
  } finally {
    await file.close();
  }
}

/**
 * Opens a file of {@link writeJoined} after checking that it is the plan's, whole.
 *
 * @returns undefined if it is not there, or is damaged
 */
export function readJoined(plan: JoinPlan, path: string): JoinedLoras | undefined {
  try {
    const { tensors } = readSafetensors(path);
    if (tensors.size !== 2 * plan.modules.length) return undefined;
    const modules = new Map<string, JoinedLora>();
    for (const planned of plan.modules) {
      const [down, up] = [tensors.get(`${planned.module}.down`), tensors.get(`${planned.module}.up`)];
      if (!isFactor(down, planned.down) || !isFactor(up, planned.up)) return undefined;
      modules.set(planned.module, { down, up, owners: ownersOf(planned) });
    }
    return { count: plan.count, modules };
  } catch (thrown) {
    if (thrown instanceof ModelError) return undefined;
    throw thrown;
  }
}

const isFactor = (ref: WeightRef | undefined, shape: readonly number[]): ref is WeightRef =>
  ref?.dtype === "F32" && ref.shape.join() === shape.join();

const ownersOf = ({ branches }: PlannedModule): number[] =>
  branches.flatMap(({ owner, branch }) => Array.from({ length: rankOf(branch) }, () => owner));

const plannedOf = ({ modules }: JoinPlan): readonly PlannedTensor[] =>
  modules.flatMap(({ module, down, up }) => [
    { name: `${module}.down`, dtype: "F32", shape: down } as const,
    { name: `${module}.up`, dtype: "F32", shape: up } as const,
  ]);

/** A down factor, with the Tucker core before it worked in. */
const downOf = ({ down, mid }: LoraBranch): Float32Array =>
  mid === undefined ? readWeight(down) : tucker(mid, down);

/** Up factors [out, r] next to each other as [out, R], each times its scale. */
function sideBySide({ up, branches }: PlannedModule): Float32Array {
  const [out = 0, total = 0] = up;
  const joined = new Float32Array(out * total);
  let column = 0;
  for (const { branch } of branches) {
    const rank = rankOf(branch);
    const factor = readWeight(branch.up);
    for (let row = 0; row < out; row += 1) {
      const to = row * total + column;
      for (let i = 0; i < rank; i += 1) joined[to + i] = (factor[row * rank + i] ?? 0) * branch.scale;
    }
    column += rank;
  }
  return joined;
}

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
