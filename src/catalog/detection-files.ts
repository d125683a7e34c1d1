import { findModel } from "./find-model.ts";
import type { Published } from "./matte-files.ts";
import { samFileNames } from "./sam-files.ts";

/** What finds boxes of what is described: GroundingDINO on Swin-T, as Fooocus has it. */
export const detectorFile: Published = {
  name: "groundingdino_swint_ogc.pth",
  folder: "inpaint",
  bytes: 693_997_677,
  source:
    "https://github.com/IDEA-Research/GroundingDINO/releases/download/v0.1.0-alpha/groundingdino_swint_ogc.pth",
};

/** A size of Segment Anything. */
export type SamSize = keyof typeof samFileNames;

/** All of them, the smallest first. */
export const samSizes = ["vit_b", "vit_l", "vit_h"] as const satisfies readonly SamSize[];

/** Bytes of the files that are published. */
const sizes: Readonly<Record<SamSize, number>> = {
  vit_b: 375_042_383,
  vit_l: 1_249_524_607,
  vit_h: 2_564_550_879,
};

/** The file of a Segment Anything. */
export const samFile = (size: SamSize): Published => ({
  name: samFileNames[size],
  folder: "sam",
  bytes: sizes[size],
  source: `https://dl.fbaipublicfiles.com/segment_anything/${samFileNames[size]}`,
});

/** The names under which one of these files is looked for, in that order: its own, and as safetensors. */
export const detectionFileNames = ({ name }: Pick<Published, "name">): readonly string[] => [
  name,
  name.replace(/\.pth$/, ".safetensors"),
];

/** Where one of these files lies. */
export const findDetectionFile = (roots: readonly string[], file: Published): string | undefined =>
  detectionFileNames(file)
    .map((name) => findModel(roots, file.folder, name))
    .find((path) => path !== undefined);

/** What masks of what is described can be made with: whether the detector is there, and which sizes of Segment Anything. */
export type DetectionFiles = Readonly<{ detector: boolean; sams: readonly SamSize[] }>;

/** Which of these files lie in their folders. */
export const detectionFilesThere = (roots: readonly string[]): DetectionFiles => ({
  detector: findDetectionFile(roots, detectorFile) !== undefined,
  sams: samSizes.filter((size) => findDetectionFile(roots, samFile(size)) !== undefined),
});
