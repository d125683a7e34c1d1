import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { neededDetector } from "./names/grounding-dino.ts";
import { otherDetector } from "./other-detectors.ts";
import type { OwnFile, OwnPart, PartSource } from "./part-source.ts";
import { checkPart, counted, unknownNames } from "./whole.ts";

/** A name that belongs to GroundingDINO and to none of its relatives: DINO has no text. */
const knownBy = "transformer.encoder.fusion_layers.0.gamma_v";

const detectorFile: OwnFile = {
  kind: "detector",
  prefixes: ["module.", ""],
  knownBy,
  read: (file) => detectorTensors(file),
  missing: "holds no GroundingDINO, which lies in a file of its own in the inpaint folder.",
};

/** Where GroundingDINO lies. */
export const detectorSource = { ownFile: detectorFile } as const satisfies PartSource;

/**
 * The tensors of GroundingDINO on Swin-T under its own repository's names.
 *
 * @returns and what of the file is not used
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors
 */
export function detectorTensors(file: WeightFile): OwnPart {
  const { path } = file;
  const prefix = detectorFile.prefixes.find((one) => file.tensors.has(one + knownBy));
  const all = below(file.tensors, prefix ?? "");
  const found = otherDetector(all, prefix !== undefined);
  if (found !== undefined) {
    const message = `${basename(path)} is not the GroundingDINO that is read here (on Swin-T, groundingdino_swint_ogc.pth): it is ${found}.`;
    throw new ModelError("layout-unsupported", message, { path, found });
  }
  const { needed, unused } = neededDetector(all);
  const unknown = unknownNames(all, needed).filter((key) => !unused.has(key));
  checkPart({ path, title: "GroundingDINO", prefix: prefix ?? "" }, all, needed, []);
  const [key] = unknown.filter((one) => parts.test(one));
  if (key !== undefined) {
    const message = `${basename(path)} is not a GroundingDINO that is read here: it has ${counted(unknown.filter((one) => parts.test(one)))}, which the published one has not.`;
    throw new ModelError("layout-unsupported", message, { path, key });
  }
  refuseUnfinished(file);
  const nobodys = [...unknown, ...[...file.tensors.keys()].filter((one) => !one.startsWith(prefix ?? ""))];
  const notes =
    nobodys.length === 0 ? [] : [`${basename(path)} has ${counted(nobodys)} that nothing here uses.`];
  return { tensors: new Map([...all].filter(([one]) => needed.has(one))), notes };
}

/** What the parts of a model are called: an unknown layer of them would be part of what it computes. */
const parts = /^(backbone|bert|transformer|input_proj|feat_map|bbox_embed)\./;
