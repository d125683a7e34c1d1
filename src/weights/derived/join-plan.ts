import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { WeightMap } from "../checkpoint.ts";
import type { DType } from "../dtype.ts";
import { canBeMapped } from "../lora/ingredient.ts";
import type { LoraBranch, LoraBranches } from "../lora/lora.ts";
import type { WeightRef } from "../weight-file.ts";

/**
 * One module's factors of all LoRAs of a set, yet to be joined: the down factors lie one below the other, the up factors
 * side by side, so that up(strength · down(x)) is the sum of all of them.
 */
export type PlannedModule = Readonly<{
  module: string;
  /** [R, in] or [R, in, kh, kw]; R is the sum of the ranks */
  down: readonly number[];
  /** [out, R] or [out, R, 1, 1] */
  up: readonly number[];
  /** Their types in a joined file: their own where all of a set have one, so that joining is copying. */
  types: Factors<DType>;
  /** In the order they are joined; each with the place of its LoRA in the set. */
  branches: readonly Readonly<{ owner: number; branch: LoraBranch }>[];
  /** Where the factors lie, if there is one pair that can be mapped as it is: then nothing is joined. */
  place?: Factors<WeightRef>;
}>;

type Factors<T> = Readonly<{ down: T; up: T }>;

/** What joining the LoRAs of a set for one network will give. Made from headers alone. */
export type JoinPlan = Readonly<{
  /** How many LoRAs the set has. */
  count: number;
  modules: readonly PlannedModule[];
}>;

/**
 * Plans how the factors of a set of LoRAs are joined.
 *
 * @param set     each LoRA's branches in this network
 * @param weights the network's own tensors: their shapes are what the factors are brought to
 * @throws ModelError `lora-unsupported` where a factor has another number of values than its module asks for
 */
export function planJoin(set: readonly LoraBranches[], weights: WeightMap): JoinPlan {
  const joined = new Map<string, { owner: number; branch: LoraBranch }[]>();
  for (const [owner, branches] of set.entries()) {
    for (const [module, list] of branches) {
      const known = joined.get(module) ?? [];
      known.push(...list.map((branch) => ({ owner, branch })));
      joined.set(module, known);
    }
  }
  const modules = [...joined].map(([module, branches]): PlannedModule => {
    const [out = 0, ...input] = weights.get(`${module}.weight`)?.shape ?? [];
    for (const { branch } of branches) checkSizes(branch, module, out, input);
    const rank = branches.reduce((sum, { branch }) => sum + rankOf(branch), 0);
    const kernel = input.slice(1).map(() => 1);
    const shapes = { down: [rank, ...input], up: [out, rank, ...kernel] };
    const types = {
      down: commonType(branches.map(({ branch }) => (branch.mid === undefined ? branch.down : undefined))),
      up: commonType(branches.map(({ branch: { up } }) => up)),
    };
    const place = branches.length === 1 ? placeOf(branches[0]?.branch, shapes) : undefined;
    return { module, ...shapes, types, branches, ...(place && { place }) };
  });
  return { count: set.length, modules };
}

/** The type of all of these tensors as they lie in their files; float32 where they differ, or have to be computed. */
function commonType(refs: readonly (WeightRef | undefined)[]): DType {
  const [first] = refs;
  const type = first?.dtype;
  if (type !== "F16" && type !== "BF16") return "F32";
  return refs.every((ref) => ref?.dtype === type && ref.scale === undefined) ? type : "F32";
}

/** The factors of a branch where they lie, in the shapes that they are seen under. */
function placeOf(
  branch: LoraBranch | undefined,
  shapes: Factors<readonly number[]>,
): Factors<WeightRef> | undefined {
  if (branch === undefined || branch.mid !== undefined) return undefined;
  const { down, up } = branch;
  if (!canBeMapped(down) || !canBeMapped(up)) return undefined;
  return { down: { ...down, shape: shapes.down }, up: { ...up, shape: shapes.up } };
}

/** The rank of a branch: rows of its down factor. */
export const rankOf = ({ down }: LoraBranch): number => down.shape[0] ?? 0;

function checkSizes(branch: LoraBranch, module: string, out: number, input: readonly number[]): void {
  const { down, up, mid } = branch;
  const rank = rankOf(branch);
  const kernel = mid === undefined ? 1 : sizeOf(mid.shape) / rank ** 2;
  if (sizeOf(down.shape) * kernel === rank * sizeOf(input) && sizeOf(up.shape) === rank * out) return;
  const shapes = `down [${down.shape.join(", ")}], up [${up.shape.join(", ")}]`;
  const message = `${basename(down.path)}: ${down.key} does not fit ${module}, which has [${[out, ...input].join(", ")}] (${shapes}).`;
  throw new ModelError("lora-unsupported", message, { path: down.path, key: down.key });
}

/** Number of values of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
