import { findModel } from "./find-model.ts";

/** rembg's networks, by the names that requests have for them; each lies in the inpaint folder under its name and `.onnx`. */
export const matteModels = [
  "u2net",
  "u2netp",
  "u2net_human_seg",
  "u2net_cloth_seg",
  "silueta",
  "isnet-general-use",
  "isnet-anime",
] as const;
export type MatteModel = (typeof matteModels)[number];

/** Bytes of the files that rembg publishes. */
const sizes: Readonly<Record<MatteModel, number>> = {
  u2net: 175_997_641,
  u2netp: 4_574_861,
  u2net_human_seg: 175_997_641,
  u2net_cloth_seg: 176_194_565,
  silueta: 44_173_029,
  "isnet-general-use": 178_648_008,
  "isnet-anime": 176_069_933,
};

/** A file that is looked for: what it is called, its folder, how large it is as published, and where it is to be had. */
export type Published = Readonly<{
  name: string;
  folder: "inpaint" | "clip_vision" | "sam";
  bytes: number;
  source: string;
}>;

/** The file of one of these networks. */
export const matteFile = (model: MatteModel): Published => ({
  name: `${model}.onnx`,
  folder: "inpaint",
  bytes: sizes[model],
  source: `https://github.com/danielgatis/rembg/releases/download/v0.0.0/${model}.onnx`,
});

/** Which of these networks lie in the inpaint folders. */
export const mattesThere = (roots: readonly string[]): readonly MatteModel[] =>
  matteModels.filter((model) => findModel(roots, "inpaint", matteFile(model).name) !== undefined);
