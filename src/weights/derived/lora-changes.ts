import type { LoraChanges } from "../lora/change.ts";
import type { Ingredient } from "../lora/ingredient.ts";
import type { FileStamp } from "../stamp.ts";
import type { Form, WeightChange } from "../weight-change.ts";
import type { WeightRef } from "../weight-file.ts";
import { derivedSize, type PlannedTensor, readDerived, writeDerived } from "./derived-header.ts";
import type { Derived } from "./derived-kind.ts";

/** A part of a change that will be written, under a name that tells whose it is. */
type Planned = PlannedTensor & Readonly<{ ingredient: Ingredient }>;

/** A change of a tensor as it is planned. */
type PlannedChange = Readonly<{ tensor: string; owner: number; form: Form; parts: [string, Ingredient][] }>;

/** What the LoRAs of a set change in one network beside branches. Made from headers alone. */
export type ChangePlan = readonly PlannedChange[];

/** Changes of tensors by their names. */
export type ChangedTensors = ReadonlyMap<string, readonly WeightChange[]>;

/** @param set each LoRA's changes of this network */
export const planChanges = (set: readonly LoraChanges[]): ChangePlan =>
  set.flatMap((own, owner) =>
    [...own].flatMap(([tensor, list]) =>
      list.map(({ form, parts }) => ({ tensor, owner, form, parts: Object.entries(parts) })),
    ),
  );

/** The bytes of it that will be mapped: of its own file, and of those of the LoRAs. */
export function changedBytes(plan: ChangePlan): number {
  const planned = plannedOf(plan);
  const own = planned.length === 0 ? 0 : derivedSize(planned);
  const places = plan.flatMap(({ parts }) => parts.map(([, { place }]) => place?.length ?? 0));
  return places.reduce((sum, length) => sum + length, own);
}

/** The changes of a plan of which nothing needs a file of its own: all of it can be mapped where it lies. */
export const changesInPlace = (plan: ChangePlan): ChangedTensors | undefined =>
  plannedOf(plan).length === 0 ? gathered(plan, new Map()) : undefined;

/**
 * What a set of LoRAs changes in one network beside branches: the matrices of these changes in float32, made one after the
 * other, so that no more than one is in memory. Those that lie in their files as they are wanted are left there.
 *
 * @param sources the LoRAs' files, in the order of the set
 */
export function loraChanges(plan: ChangePlan, sources: readonly FileStamp[]): Derived<ChangedTensors> {
  const planned = plannedOf(plan);
  return {
    title: "The matrices of the LoRAs",
    kind: "lora-changes-1",
    sources,
    plan: planned.map(({ name, shape, ingredient: { how, from } }) => [
      name,
      shape,
      how,
      from.map(({ key }) => key),
    ]),
    size: derivedSize(planned),
    write: (path) => write(planned, path),
    read: (path) => read(plan, planned, path),
  };
}

const nameOf = (index: number, part: string): string => `${index}.${part}`;

const plannedOf = (changes: ChangePlan): readonly Planned[] =>
  changes.flatMap(({ parts }, index) =>
    parts.flatMap(([part, ingredient]): Planned[] =>
      ingredient.place === undefined
        ? [{ name: nameOf(index, part), dtype: "F32", shape: ingredient.shape, ingredient }]
        : [],
    ),
  );

const write = (planned: readonly Planned[], path: string): Promise<void> =>
  writeDerived(planned, path, async (file) => {
    for (const { ingredient } of planned) {
      const { buffer, byteOffset, byteLength } = ingredient.values();
      await file.writeFile(new Uint8Array(buffer, byteOffset, byteLength));
    }
  });

function read(changes: ChangePlan, planned: readonly Planned[], path: string): ChangedTensors | undefined {
  const tensors = readDerived(planned, path);
  return tensors === undefined ? undefined : gathered(changes, tensors);
}

function gathered(changes: ChangePlan, tensors: ReadonlyMap<string, WeightRef>): ChangedTensors {
  const found = new Map<string, WeightChange[]>();
  for (const [index, { tensor, owner, form, parts }] of changes.entries()) {
    const refs = parts.flatMap(([part, { place }]) => {
      const ref = place ?? tensors.get(nameOf(index, part));
      return ref === undefined ? [] : [[part, ref] as const];
    });
    const list = found.get(tensor) ?? [];
    list.push({ form, owner, parts: Object.fromEntries(refs) });
    found.set(tensor, list);
  }
  return found;
}
