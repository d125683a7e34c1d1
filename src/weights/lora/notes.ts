import { basename } from "node:path";
import type { WeightRef } from "../weight-file.ts";
import type { AdapterConfigs } from "./adapter-config.ts";
import type { Group } from "./groups.ts";
import { short } from "./refused.ts";

/** What a file has, and which of it found its place. */
export type Leftovers = Readonly<{
  path: string;
  /** Path of the checkpoint. */
  base: string;
  groups: readonly Group[];
  embeddings: readonly WeightRef[];
  configs: AdapterConfigs;
}>;

/** One sentence for each kind of thing that a file has and that is not used, or that is taken without its word. */
export function notesOf({ path, base, groups, embeddings, configs }: Leftovers): readonly string[] {
  const name = basename(path);
  const notes: string[] = [];
  const tell = (found: readonly string[], sentence: (count: string, example: string) => string): void => {
    const [example] = found;
    if (example !== undefined)
      notes.push(sentence(`${found.length} of the ${groups.length} modules`, short(example)));
  };
  const lost = groups.filter(({ target }) => target === undefined);
  const projections = lost.filter(({ stem }) => stem.endsWith("text_projection"));
  const strangers = lost.filter(({ stem }) => !stem.endsWith("text_projection"));
  tell(
    strangers.map(({ stem }) => stem),
    (count, example) =>
      `${count} of ${name} are not used: ${basename(base)} has none of such names (${example}).`,
  );
  tell(
    projections.map(({ stem }) => stem),
    (_, example) => `${name} changes the text projection (${example}); that is not used, as in Fooocus.`,
  );
  tell(
    groups
      .filter(({ target, down, parts }) => target !== undefined && down === undefined && parts.size === 0)
      .map(({ stem }) => stem),
    (count, example) =>
      `${count} of ${name} have an alpha and no factors (${example}.alpha); they change nothing.`,
  );
  const [embedding] = embeddings;
  if (embedding !== undefined) {
    const count = `${embeddings.length} tensors of embeddings`;
    notes.push(
      `${name} brings ${count} of its own (${short(embedding.key)}); words for them in a prompt mean nothing.`,
    );
  }
  const silent = groups.find(
    (group) => isScaled(group) && group.target !== undefined && configs[group.target.part] === undefined,
  );
  if (silent !== undefined && Object.keys(configs).length > 0) {
    notes.push(
      `${name} has metadata that says nothing of ${short(silent.stem)} and its like; alpha is taken to be the rank.`,
    );
  }
  const peft = groups.find((group) => group.stem.startsWith("base_model.model.") && isScaled(group));
  if (peft !== undefined && Object.keys(configs).length === 0) {
    notes.push(
      `${name} is a PEFT adapter without its adapter_config.json, so its alpha is not known; it is taken to be the rank.`,
    );
  }
  return notes;
}

/** Whether something is to be scaled by an alpha that the file does not have. */
const isScaled = ({ alpha, down, families }: Group): boolean =>
  alpha === undefined && (down !== undefined || [...families].some(({ scaled }) => scaled));
