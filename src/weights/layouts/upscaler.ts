import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { recogniseForeign } from "./foreign.ts";
import { neededUpscaler } from "./names/upscaler.ts";
import { otherUpscaler } from "./other-upscalers.ts";
import type { OwnFile, PartSource } from "./part-source.ts";
import { checkPart, counted, unknownNames } from "./whole.ts";

/** Words that tools put before all names, one behind the other; the averaged weights win over the others. */
const wrappers = ["params_ema", "params-ema", "params", "netG", "module"];

/** The first convolution of the first dense block: only an RRDBNet has it, `conv_first` has every second upscaler. */
const firstDense =
  /^(.*?)(?:model\.1\.sub\.0\.(?:RDB|residual_block_)1\.conv1\.0|RRDB_trunk\.0\.RDB1\.conv1|body\.0\.rdb1\.conv1)\.weight$/;

const upscalerFile: OwnFile = {
  kind: "upscale_models",
  prefixes: [...wrappers.map((word) => `${word}.`), ""],
  knownBy: "body.0.rdb1.conv1.weight",
  read: (file) => upscalerTensors(file),
  missing: "has no upscaler inside: put one into the upscale_models folder.",
};

/** Where an upscaler lies. */
export const upscalerSource = { ownFile: upscalerFile } as const satisfies PartSource;

/**
 * The tensors of an ESRGAN generator (RRDBNet; Wang et al. 2018) under Real-ESRGAN's names (`conv_first`, `body.0.rdb1.conv1`,
 * `conv_body`, `conv_up1`, `conv_hr`, `conv_last`), whoever named them: ESRGAN before 2020, Fooocus, ESRGAN, Real-ESRGAN.
 *
 * @returns and what of the file is not used
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors
 */
export function upscalerTensors(
  file: WeightFile,
): Readonly<{ tensors: WeightMap; notes: readonly string[] }> {
  const { path } = file;
  const prefix = prefixOf(file.tensors);
  if (prefix === undefined) {
    const found = otherUpscaler(file.tensors) ?? recogniseForeign(file.tensors);
    const message = `${basename(path)} is not an upscaler that is read here (ESRGAN and Real-ESRGAN, with RRDB blocks): it is ${found}.`;
    throw new ModelError("layout-unsupported", message, { path, found });
  }
  const own = below(file.tensors, prefix);
  const tensors = new Map([...own].map(([key, ref]) => [canonical(key, own), ref]));
  checkUpscaler(path, prefix, tensors);
  refuseUnfinished(file);
  const unused = [...file.tensors.keys()].filter((key) => !key.startsWith(prefix));
  const notes =
    unused.length === 0 ? [] : [`${basename(path)} has ${counted(unused)} that nothing here uses.`];
  return { tensors, notes };
}

/** What stands before the names; undefined where the file is no RRDBNet. */
function prefixOf(tensors: WeightMap): string | undefined {
  const found = [...tensors.keys()].flatMap((key) => firstDense.exec(key)?.[1] ?? []);
  const known = found.filter((prefix) =>
    prefix.split(".").every((word) => word === "" || wrappers.includes(word)),
  );
  const place = (prefix: string): number => wrappers.indexOf(prefix.split(".")[0] ?? "");
  return known.toSorted((a, b) => place(a) - place(b))[0];
}

/** Real-ESRGAN's name of a tensor; of one that nobody knows its own. */
function canonical(key: string, tensors: WeightMap): string {
  const dense =
    /^(?:model\.1\.sub|RRDB_trunk|body)\.(\d+)\.(?:RDB|rdb|residual_block_)(\d)\.(conv\w+?)(?:\.0)?\.(weight|bias)$/.exec(
      key,
    );
  if (dense !== null) return `body.${Number(dense[1])}.rdb${dense[2]}.${dense[3]}.${dense[4]}`;
  if (/^model\.1\.sub\.\d+\.(weight|bias)$/.test(key)) return key.replace(/^model\.1\.sub\.\d+/, "conv_body");
  const [, number, end] = /^model\.(\d+)\.(weight|bias)$/.exec(key) ?? [];
  if (number !== undefined) return `${sequenceName(Number(number), tensors)}.${end}`;
  return key
    .replace(/^trunk_conv\./, "conv_body.")
    .replace(/^upconv(\d)\./, "conv_up$1.")
    .replace(/^HRconv\./, "conv_hr.");
}

/**
 * The name of a convolution in the sequence that ESRGAN once was: the first, the blocks, for each doubling an enlargement,
 * a convolution and a ReLU, and at the end a convolution, a ReLU and the last.
 */
function sequenceName(number: number, tensors: WeightMap): string {
  const numbers = [...tensors.keys()].flatMap((key) => {
    const found = /^model\.(\d+)\.weight$/.exec(key)?.[1];
    return found === undefined ? [] : [Number(found)];
  });
  const last = Math.max(...numbers);
  if (number === 0) return "conv_first";
  if (number === last) return "conv_last";
  if (number === last - 2) return "conv_hr";
  return number % 3 === 0 ? `conv_up${number / 3}` : `model.${number}`;
}

/** Refuses what has the names of an RRDBNet and is not one that can be drawn. */
function checkUpscaler(path: string, prefix: string, tensors: WeightMap): void {
  const refused = (what: string): ModelError =>
    new ModelError("layout-unsupported", `${basename(path)} cannot be used as an upscaler: ${what}.`, {
      path,
    });
  const first = tensors.get("conv_first.weight")?.shape;
  const out = tensors.get("conv_last.weight")?.shape[0];
  if (first !== undefined && first[2] === 2)
    throw refused("its convolutions are 2 x 2, a kind that is not read");
  if (first !== undefined && ![3, 12, 48].includes(first[1] ?? 0))
    throw refused(
      `it reads ${first[1] === 1 ? "grey pictures" : `${first[1]} channels`}, colours are 3 (or 12 or 48, folded)`,
    );
  if (out !== undefined && out !== 3)
    throw refused(`it makes ${out === 1 ? "grey pictures" : `${out} channels`}, colours are 3`);
  const needed = neededUpscaler(tensors);
  checkPart({ path, title: "upscaler", prefix }, tensors, needed, unknownNames(tensors, needed));
  const { enlarged, folded } = upscalerScale(tensors);
  if (enlarged < folded)
    throw refused(`it folds pixels ${folded} x ${folded} and enlarges by ${enlarged}, which shrinks`);
}

/** By how much it folds what comes in (pixel-unshuffle), and enlarges what it folded; the picture becomes `enlarged / folded` as wide. */
export function upscalerScale(tensors: WeightMap): Readonly<{ enlarged: number; folded: number }> {
  const channels = tensors.get("conv_first.weight")?.shape[1] ?? 3;
  let ups = 0;
  while (tensors.has(`conv_up${ups + 1}.weight`)) ups += 1;
  return { enlarged: 2 ** ups, folded: Math.sqrt(channels / 3) };
}
