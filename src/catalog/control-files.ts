import { findModel } from "./find-model.ts";

/** The ControlNet of each kind of picture that guides, by Fooocus' names. */
export const controlFileNames = {
  canny: "control-lora-canny-rank128.safetensors",
  cpds: "fooocus_xl_cpds_128.safetensors",
} as const;

/**
 * The image-prompt adapter of each kind of picture that speaks beside the text: Fooocus' name, and that of the same file as its
 * makers publish it without a pickle.
 */
export const adapterFileNames = {
  image: ["ip-adapter-plus_sdxl_vit-h.bin", "ip-adapter-plus_sdxl_vit-h.safetensors"],
  face: ["ip-adapter-plus-face_sdxl_vit-h.bin", "ip-adapter-plus-face_sdxl_vit-h.safetensors"],
} as const;

/** Fooocus' file for the negative branch of image prompts. */
export const negativeFileName = "fooocus_ip_negative.safetensors";

/** What finds the face of a picture. */
export const faceDetectorName = "detection_Resnet50_Final.pth";

/** Fooocus' vision tower, in the clip_vision folder. */
export const towerFileName = "clip_vision_vit_h.safetensors";

/** What serves the demo checkpoint, and it alone: its networks are of other shapes than SDXL's. */
export const demoControlFiles = {
  canny: "fooocusd-demo-control-lora-canny.safetensors",
  image: "fooocusd-demo-ip-adapter.safetensors",
  tower: "fooocusd-demo-clip-vision.safetensors",
} as const;

const ofControl = [
  ...Object.values(controlFileNames),
  ...Object.values(adapterFileNames).flat(),
  negativeFileName,
  faceDetectorName,
  demoControlFiles.canny,
  demoControlFiles.image,
];

/** Which of these files lie in the controlnet folders. */
export const controlFilesThere = (roots: readonly string[]): readonly string[] =>
  ofControl.filter((name) => findModel(roots, "controlnet", name) !== undefined);

/** The same of the clip_vision folders. */
export const towerFilesThere = (roots: readonly string[]): readonly string[] =>
  [towerFileName, demoControlFiles.tower].filter(
    (name) => findModel(roots, "clip_vision", name) !== undefined,
  );
