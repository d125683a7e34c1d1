import type { WeightMap } from "../checkpoint.ts";
import { recogniseForeign } from "./foreign.ts";

/** What else is about faces, by a name that only it has; names are those of each network's own repository. */
const signs: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)body\.stage1\.0\.0\./, "a RetinaFace on MobileNet"],
  [/(^|\.)ClassHead\.0\.conv1x1\./, "a RetinaFace on a smaller ResNet"],
  [/(^|\.)out_mask_conv\./, "ParseNet, which parses a face and finds none"],
  [/(^|\.)cp\.resnet\./, "BiSeNet, which parses a face and finds none"],
  [/(^|\.)model\.0\.stem_1\./, "a YOLOv5 face detector"],
  [/(^|\.)(dense5|dense6_1|conv4_1|prelu1)\.weight$/, "a part of MTCNN"],
  [/(^|\.)bbox_head\.(cls_)?stride_convs\.|(^|\.)bbox_head\.stride_/, "an SCRFD"],
  [/(^|\.)res_layer\.\d+\./, "a network that tells faces apart and finds none"],
];

/** Says what a file is that holds no RetinaFace on ResNet-50. */
export function otherFaceNetwork(tensors: WeightMap): string {
  const keys = [...tensors.keys()];
  const sign = signs.find(([pattern]) => keys.some((key) => pattern.test(key)));
  return sign?.[1] ?? recogniseForeign(tensors);
}
