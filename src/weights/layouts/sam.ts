import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { neededSam } from "./names/sam.ts";
import { otherSegmenter, published } from "./other-segmenters.ts";
import type { OwnFile, OwnPart, PartSource } from "./part-source.ts";
import { checkPart, counted, unknownNames } from "./whole.ts";

const samFile: OwnFile = {
  kind: "sam",
  prefixes: ["", "model.", "state_dict.", "sam.", "module."],
  knownBy: "image_encoder.pos_embed",
  read: samTensors,
  missing: "holds no Segment Anything, which lies in a file of its own.",
};

/** Where Segment Anything lies. */
export const samSource = { ownFile: samFile } as const satisfies PartSource;

/** Numbers of layers that were published, and what such a model is called. */
const sizes: Readonly<Record<number, string>> = { 12: "vit_b", 24: "vit_l", 32: "vit_h" };

/**
 * The tensors of a Segment Anything (b, l, h: whatever depth and width the file says) under its own names.
 *
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors
 */
export function samTensors(file: WeightFile): OwnPart {
  const { path } = file;
  const prefix = samFile.prefixes.find((one) => file.tensors.has(one + samFile.knownBy));
  const tensors = below(file.tensors, prefix ?? "");
  const found = otherSegmenter(tensors, prefix !== undefined);
  if (found !== undefined) {
    const message = `${basename(path)} is not a Segment Anything that is read here: it is ${found}.`;
    throw new ModelError("layout-unsupported", message, { path, found });
  }
  const { needed, unused } = neededSam(tensors);
  const others = unknownNames(tensors, needed).filter((key) => !unused.has(key));
  checkPart({ path, title: "Segment Anything", prefix: prefix ?? "" }, tensors, needed, []);
  refuseChanged(
    path,
    others.filter((key) => parts.test(key)),
  );
  refuseUnfinished(file);
  const beside = [...file.tensors.keys()].filter((key) => !key.startsWith(prefix ?? ""));
  const nobodys = [...others.filter((key) => !parts.test(key) && !constants.test(key)), ...beside];
  const notes =
    nobodys.length === 0 ? [] : [`${basename(path)} has ${counted(nobodys)} that nothing here uses.`];
  return { tensors, notes };
}

/** What the three parts of a model are called. */
const parts = /^(image_encoder|prompt_encoder|mask_decoder)\./;

/** The mean and deviation of pixels, which are known. */
const constants = /^pixel_(mean|std)$/;

/** Layers that the network would pass over are part of what it computes: the file is made of a Segment Anything, and is none. */
function refuseChanged(path: string, keys: readonly string[]): void {
  const [key] = keys;
  if (key === undefined) return;
  const message = `${basename(path)} is not a Segment Anything that is read here: it has ${counted(keys)}, which no published one has (${published}).`;
  throw new ModelError("layout-unsupported", message, { path, key });
}

/** What a model of these tensors is called, by its depth; undefined of one that was not published. */
export const samSize = (tensors: WeightMap): string | undefined => {
  const layers = [...tensors.keys()].filter((key) => /^image_encoder\.blocks\.\d+\.norm1\.weight$/.test(key));
  return sizes[layers.length];
};
