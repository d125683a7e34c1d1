import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { neededFaceDetector } from "./names/face-detector.ts";
import { otherFaceNetwork } from "./other-face-networks.ts";
import type { OwnFile, OwnPart, PartSource } from "./part-source.ts";
import { checkPart, counted, unknownNames } from "./whole.ts";

/** How many batches training has seen: no weight. */
const leftover = /\.num_batches_tracked$/;

const prefixes = ["module.", ""] as const;

/** A convolution of its last level of blocks: a ResNet of plain blocks has no third one, MobileNet has other names. */
const knownBy = "body.layer4.0.conv3.weight";
const headKey = "ClassHead.0.conv1x1.weight";

const faceDetectorFile: OwnFile = {
  kind: "face_detector",
  prefixes,
  knownBy: headKey,
  read: (file) => faceDetectorTensors(file),
  missing: "holds no face detector, which lies in a file of its own.",
};

/** Where a face detector lies. */
export const faceDetectorSource = { ownFile: faceDetectorFile } as const satisfies PartSource;

/**
 * The tensors of a RetinaFace (Deng et al. 2019) on ResNet-50 under facexlib's names.
 *
 * @returns and what of the file is not used
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors
 */
export function faceDetectorTensors(file: WeightFile): OwnPart {
  const { path } = file;
  const prefix = prefixes.find((one) => file.tensors.has(one + headKey) && file.tensors.has(one + knownBy));
  if (prefix === undefined) {
    const found = otherFaceNetwork(file.tensors);
    const message = `${basename(path)} is not the face detector that is read here (RetinaFace on ResNet-50, detection_Resnet50_Final.pth): it is ${found}.`;
    throw new ModelError("layout-unsupported", message, { path, found });
  }
  const tensors: WeightMap = new Map([...below(file.tensors, prefix)].filter(([key]) => !leftover.test(key)));
  const needed = neededFaceDetector(tensors);
  checkPart({ path, title: "face detector", prefix }, tensors, needed, unknownNames(tensors, needed));
  refuseUnfinished(file);
  const unused = [...file.tensors.keys()].filter((key) => !key.startsWith(prefix));
  const notes =
    unused.length === 0 ? [] : [`${basename(path)} has ${counted(unused)} that nothing here uses.`];
  return { tensors, notes };
}
