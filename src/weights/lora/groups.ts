import type { WeightMap } from "../checkpoint.ts";
import type { WeightRef } from "../weight-file.ts";
import type { Family } from "./families/family.ts";
import { refused } from "./refused.ts";
import { type Beside, roleOfKey } from "./roles.ts";
import type { Target } from "./targets.ts";

/** All tensors of a file that are about one module. */
export type Group = {
  readonly stem: string;
  readonly target: Target | undefined;
  down?: WeightRef;
  up?: WeightRef;
  alpha?: WeightRef;
  /** What stands beside the factors. */
  readonly beside: Map<Beside, WeightRef>;
  /** Parts of other families that are read. */
  readonly parts: Map<string, WeightRef>;
  /** Which these are. */
  readonly families: Set<Family>;
  /** Parts of a family that is not read, with its name. */
  readonly refused: (readonly [WeightRef, string])[];
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
    const made: Group = {
      stem,
      target,
      beside: new Map(),
      parts: new Map(),
      families: new Set(),
      refused: [],
      unknown: [],
    };
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
      const { role, adapter } = found;
      if (typeof role === "string") place(path, group, ref, { role, adapter });
      else if ("beside" in role) once(path, group, ref, [group.beside, role.beside]);
      else if ("part" in role) {
        once(path, group, ref, [group.parts, role.part]);
        group.families.add(role.of);
      } else group.refused.push([ref, role.refused]);
    }
  }
  for (const group of groups.values()) takeFactors(group);
  return { groups: [...groups.values()], embeddings };
}

/** A part that is called like another of its module is one of another adapter. */
function once<Name>(
  path: string,
  { stem }: Group,
  ref: WeightRef,
  [parts, name]: readonly [Map<Name, WeightRef>, Name],
): void {
  const other = parts.get(name);
  if (other !== undefined) throw refused(path, `it holds ${stem} twice (${other.key}, ${ref.key})`, ref.key);
  parts.set(name, ref);
}

/** The factors of IA3 are called `weight`, like what replaces one; the flag beside them tells. */
function takeFactors({ stem, parts, unknown }: Group): void {
  if (!parts.has("on_input")) return;
  const at = unknown.findIndex(({ key }) => key === `${stem}.weight`);
  const [factors] = at < 0 ? [] : unknown.splice(at, 1);
  if (factors !== undefined) parts.set("weight", factors);
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
