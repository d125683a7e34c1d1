import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { Bound, Difference, Differences } from "../differences.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";

/** Before the names of the denoising network's tensors. */
const prefix = "diffusion_model.";

/** A tensor's entry is a tuple of three: the codes, and what 0 and 255 mean; a file's names have the place behind. */
const place = /^(.+)\.([012])$/;

/**
 * Fooocus' inpaint patch: for each tensor of SDXL's denoising network that it changes 8 bits a value, and the range they
 * span: one number, or a tensor that stretches to the values by numpy's rule. What is added is q / 255 · (high - low) + low.
 *
 * Every entry must fit a tensor of the checkpoint: one that is passed over would leave a network that is neither the one
 * that paints nor the one that fills.
 *
 * @returns by the network's own names; nothing of the codes is read
 * @throws ModelError `layout-unsupported` where the file is none, `weight-missing` or `weight-shape` naming the first entry
 *         that fits nothing
 */
export function readInpaintPatch(file: WeightFile, checkpoint: Checkpoint): Differences {
  const tensors = new Map<string, readonly Difference[]>();
  for (const [key, entry] of entriesOf(file)) tensors.set(key, [differenceOf(key, entry, file, checkpoint)]);
  if (tensors.size === 0) {
    const message = `${basename(file.path)} is no inpaint patch: it has no entries ${prefix}... of three parts.`;
    throw new ModelError("layout-unsupported", message, { path: file.path });
  }
  return { count: 1, tensors };
}

type Entry = Readonly<{ values?: WeightRef; low?: Bound; high?: Bound }>;

/** The entries by the network's names of their tensors, whatever is missing of them. */
function entriesOf({ path, tensors, metadata }: WeightFile): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  const add = (name: string, bound: Bound): void => {
    const [, key = "", at] = place.exec(name) ?? [];
    if (!key.startsWith(prefix)) throw foreign(path, name);
    const own = key.slice(prefix.length);
    const part = at === "1" ? { low: bound } : at === "2" ? { high: bound } : valuesOf(bound);
    entries.set(own, { ...entries.get(own), ...part });
  };
  for (const [name, ref] of tensors) add(name, ref);
  for (const [name, text] of metadata) if (place.test(name) && text !== "") add(name, Number(text));
  return entries;
}

const valuesOf = (bound: Bound): Entry => (typeof bound === "number" ? {} : { values: bound });

function foreign(path: string, name: string): ModelError {
  const message = `${basename(path)} is no inpaint patch for SDXL: it has an entry ${name.slice(0, 200)}.`;
  return new ModelError("layout-unsupported", message, { path, key: name });
}

function differenceOf(key: string, entry: Entry, { path }: WeightFile, checkpoint: Checkpoint): Difference {
  const { values, low, high } = entry;
  const name = basename(path);
  if (values === undefined || low === undefined || high === undefined) {
    const message = `${name}: its entry ${prefix}${key} lacks one of three parts, 8 bits a value and the two ends of their range.`;
    throw new ModelError("layout-unsupported", message, { path, key });
  }
  const ref = checkpoint.unet.get(key);
  if (ref === undefined) {
    const message = `${name} changes ${prefix}${key}, which ${basename(checkpoint.path)} does not have: it was made for another model. Inpaint with the engine "None", or with a checkpoint made from SDXL.`;
    throw new ModelError("weight-missing", message, { path, key });
  }
  if (values.shape.join() !== ref.shape.join()) {
    const message = `${name}: ${prefix}${key} has the shape [${values.shape.join(", ")}], ${basename(checkpoint.path)} has [${ref.shape.join(", ")}] there. Inpaint with the engine "None", or with a checkpoint made from SDXL.`;
    throw new ModelError("weight-shape", message, { path, key, found: [...values.shape] });
  }
  return { owner: 0, values, range: { low, high } };
}
