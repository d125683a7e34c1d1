import type { Checkpoint } from "#/weights/checkpoint.ts";
import {
  type Located,
  locatePart,
  type OwnFileKind,
  type PartSource,
} from "#/weights/layouts/part-source.ts";
import { controlShapes } from "./control-layout.ts";
import { detectorFull, detectorShapes, detectorTiny } from "./detector-layout.ts";
import { faceDetectorFull, faceDetectorShapes, faceDetectorTiny } from "./face-detector-layout.ts";
import { gpt2Shapes, gpt2Small, gpt2Tiny } from "./gpt2-layout.ts";
import { adapterShapes, openClipShapes, visionH, visionTiny } from "./image-prompt-layout.ts";
import { safetyFull, safetyShapes, safetyTiny } from "./safety-layout.ts";
import { samShapes, samSizes, samTiny } from "./sam-layout.ts";
import { headerOf, type SdxlSizes, type Shapes, sdxlBase } from "./sdxl-layout.ts";
import { upscalerFull, upscalerShapes, upscalerTiny } from "./upscaler-layout.ts";

/** What files of their own hold, to go with a checkpoint of these sizes; a network that lies in no checkpoint needs one. */
const ownShapes: Partial<Readonly<Record<OwnFileKind, (sizes: SdxlSizes) => Shapes>>> = {
  prompt_expansion: (sizes) => gpt2Shapes(sizes === sdxlBase ? gpt2Small : gpt2Tiny),
  upscale_models: (sizes) => upscalerShapes(sizes === sdxlBase ? upscalerFull : upscalerTiny),
  face_detector: (sizes) => faceDetectorShapes(sizes === sdxlBase ? faceDetectorFull : faceDetectorTiny),
  controlnet: controlShapes,
  clip_vision: (sizes) => openClipShapes(sizes === sdxlBase ? visionH : visionTiny),
  ip_adapter: (sizes) => adapterShapes(sizes),
  safety_checker: (sizes) => safetyShapes(sizes === sdxlBase ? safetyFull : safetyTiny),
  sam: (sizes) => samShapes(sizes === sdxlBase ? samSizes.b : samTiny),
  detector: (sizes) => detectorShapes(sizes === sdxlBase ? detectorFull : detectorTiny),
  inpaint: ({ unet }) => new Map([["head", [unet.width, 5, 3, 3]]]),
};

/** Where a network's tensors lie: in the checkpoint, or else in a header of a file of its own. */
export function locatedFor(source: PartSource, checkpoint: Checkpoint, sizes: SdxlSizes): Located {
  const { checkpoint: part, ownFile } = source;
  if (part !== undefined || ownFile === undefined) return locatePart(source, checkpoint, undefined);
  const shapes = ownShapes[ownFile.kind];
  if (shapes === undefined) throw new Error(`ownShapes says nothing of files of the kind ${ownFile.kind}`);
  return locatePart(source, checkpoint, headerOf(shapes(sizes), `/${ownFile.kind}.safetensors`));
}
