import type { WeightMap } from "../checkpoint.ts";
import type { WeightRef } from "../weight-file.ts";
import { refused } from "./refused.ts";
import { roleOfKey } from "./roles.ts";
import type { Target } from "./targets.ts";

/** All tensors of a file that are about one module. */
export type Group = {
  readonly stem: string;
  readonly target: Target | undefined;
  down?: WeightRef;
  up?: WeightRef;
  alpha?: WeightRef;
  /** Parts of another family, with its name. */
  readonly families: (readonly [WeightRef, string])[];
  /** What no family is known to have. */
  readonly unknown: WeightRef[];
  adapter?: string | undefined;
};

const longest = 500;

type Placed = Readonly<{ role: "down" | "up" | "alpha"; adapter: string | undefined }>;

/** A file's tensors by module, and what is no module's. */
export type Grouped = Readonly<{ groups: readonly Group[]; embeddings: readonly WeightRef[] }>;

/**
 * Sorts a file's tensors by the module they are about. Every stem is a module, understood or not, so that counting them
 * tells the truth.
 *
 * @param find the checkpoint's module of a name
 * @throws ModelError `lora-unsupported` where a file holds a module's factor twice
 */
export function groupByModule(
  path: string,
  tensors: WeightMap,
  find: (stem: string) => Target | undefined,
): Grouped {
  const groups = new Map<string, Group>();
  const embeddings: WeightRef[] = [];
  const groupOf = (stem: string, target: Target | undefined): Group => {
    const known = groups.get(stem);
    if (known !== undefined) return known;
    const made: Group = { stem, target, families: [], unknown: [] };
    groups.set(stem, made);
    return made;
  };
  for (const [key, ref] of tensors) {
    // No module has a name of that length, and looking for one would take as long as the name is long, squared.
    if (key.length > longest) {
      groupOf(key, undefined).unknown.push(ref);
      continue;
    }
    const found = roleOfKey(key);
    if (key.startsWith("bundle_emb.")) embeddings.push(ref);
    else if (found === undefined) {
      const [stem, target] = owner(key, find);
      groupOf(stem, target).unknown.push(ref);
    } else {
      const group = groupOf(found.stem, find(found.stem));
      if (typeof found.role === "object") group.families.push([ref, found.role.family]);
      else place(path, group, ref, { role: found.role, adapter: found.adapter });
    }
  }
  return { groups: [...groups.values()], embeddings };
}

/** A factor or alpha into its group: each once, and both factors of one adapter. */
function place(path: string, group: Group, ref: WeightRef, { role, adapter }: Placed): void {
  const other = group[role];
  if (other !== undefined)
    throw refused(path, `it holds ${group.stem} twice (${other.key}, ${ref.key})`, ref.key);
  const half = group.down ?? group.up;
  group[role] = ref;
  if (role === "alpha") return;
  if (half !== undefined && group.adapter !== adapter) {
    throw refused(path, `it holds parts of two adapters of ${group.stem} (${half.key}, ${ref.key})`, ref.key);
  }
  group.adapter = adapter;
}

/** Whose tensor one without a known role is: the module of the checkpoint that its name begins with, or its own stem. */
function owner(
  key: string,
  find: (stem: string) => Target | undefined,
): readonly [string, Target | undefined] {
  for (let dot = key.lastIndexOf("."); dot > 0; dot = key.lastIndexOf(".", dot - 1)) {
    const target = find(key.slice(0, dot));
    if (target !== undefined) return [key.slice(0, dot), target];
  }
  const first = key.indexOf(".");
  const underscored = /^(lora|lycoris|oft)_/.test(key);
  const dot = underscored ? first : key.lastIndexOf(".");
  return [dot > 0 ? key.slice(0, dot) : key, undefined];
}
