import { basename } from "node:path";
import type { Checkpoint } from "../checkpoint.ts";
import { openWeights } from "../open-weights.ts";
import type { FileStamp } from "../stamp.ts";
import { dataIsZeroFrom } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { adapterConfigs, configBeside } from "./adapter-config.ts";
import { contentsOf } from "./contents.ts";
import { foreignByMetadata, foreignByName } from "./foreign-lora.ts";
import { type Group, groupByModule } from "./groups.ts";
import type { Lora } from "./lora.ts";
import { notesOf } from "./notes.ts";
import { otherDepthNote } from "./other-depth.ts";
import { refused } from "./refused.ts";
import { targetsOf } from "./targets.ts";
import { type Used, usedModules } from "./used-modules.ts";

/**
 * Reads a LoRA's header, and its alphas, and finds the module of the checkpoint that each of its tensors is about. What is
 * not used is told in `notes`; what would make another picture than the file was trained for is refused.
 *
 * @param index position in the list of LoRAs
 * @throws ModelError `lora-unsupported` for families that are not read, for files made for another architecture, and for
 *         damage
 */
export function readLora(path: string, checkpoint: Checkpoint, index: number): Lora {
  const file = openWeights(path);
  if (file.tensors.size === 0) throw refused(file.path, "it holds no tensors");
  const foreign = foreignByName(file);
  if (foreign !== undefined) throw refused(file.path, `${foreign.what} (${foreign.key})`, foreign.key);

  const configs = adapterConfigs(file);
  const { groups, embeddings } = groupByModule(file.path, file.tensors, targetsOf(checkpoint));
  checkKnown(file.path, groups);
  const used = usedModules(file, groups, checkpoint);
  checkEnd(file.path, used);
  const { path: base, unet } = checkpoint;
  const modules = used.flatMap(({ target }) => (target.part === "unet" ? [target.module] : []));
  const depth = otherDepthNote({ path: file.path, base, unet, modules });
  const notes = [
    ...notesOf({ path: file.path, base, groups, embeddings, configs }),
    ...[depth ?? [], otherModelNote(file, base) ?? []].flat(),
  ];
  const contents = contentsOf(file, used, { configs, checkpoint, index });
  return { path: file.path, files: filesOf(file), ...contents, notes };
}

/** Kolors and others have SDXL's UNet, name by name: only the metadata tells their LoRAs. */
function otherModelNote(file: WeightFile, base: string): string | undefined {
  const said = foreignByMetadata(file);
  if (said === undefined) return undefined;
  return `${basename(file.path)} says that ${said}; its modules are in ${basename(base)}, so it is used.`;
}

/** A LoRA's own file, and the configuration beside it. */
function filesOf({ path, stamp }: WeightFile): readonly FileStamp[] {
  const config = configBeside(path);
  return config === undefined ? [{ path, stamp }] : [{ path, stamp }, config];
}

/** Families that are not read, wherever they stand; parts that nobody knows where they belong to a module of ours. */
function checkKnown(path: string, groups: readonly Group[]): void {
  for (const { stem, refused: others, unknown, target } of groups) {
    const [other] = others;
    if (other !== undefined) {
      const [{ key }, family] = other;
      throw refused(path, `its family is ${family} (${key}), which is not supported yet`, key);
    }
    const [part] = unknown;
    if (part !== undefined && target !== undefined) {
      const replaces = [".weight", ".bias"].some((end) => part.key === stem + end);
      const why = replaces ? "replaces weights" : "has a part that is not known here";
      throw refused(path, `it ${why} (${part.key}), which is not supported yet`, part.key);
    }
  }
}

/**
 * Refuses a file that is nothing but zeros from its last module's first factor on. One factor of an untrained module is
 * zero, never both.
 */
function checkEnd(path: string, used: readonly Used[]): void {
  const pairs = used.flatMap(({ pair }) => pair ?? []);
  const [last] = pairs.toSorted(
    (a, b) => Math.max(b.down.offset, b.up.offset) - Math.max(a.down.offset, a.up.offset),
  );
  if (last === undefined) return;
  const first = last.down.offset < last.up.offset ? last.down : last.up;
  if (!dataIsZeroFrom(path, first.offset)) return;
  throw refused(path, `its data is zero to the end from ${first.key} on: an interrupted download`, first.key);
}
