import { findModel } from "./find-model.ts";
import type { Published } from "./matte-files.ts";

const stem = "wd-v1-4-moat-tagger-v2";
const source = "https://huggingface.co/lllyasviel/misc/resolve/main";
const file = (extension: "onnx" | "csv", bytes: number): Published => ({
  name: `${stem}.${extension}`,
  folder: "clip_vision",
  bytes,
  source: `${source}/${stem}.${extension}`,
});

/** What tells the tags of drawings: the network of Fooocus, and the names of its tags. */
export const taggerFiles = {
  network: file("onnx", 326_197_340),
  labels: file("csv", 253_906),
} as const;

/** Which of these files are in no folder. */
export const taggerLacks = (roots: readonly string[]): readonly Published[] =>
  Object.values(taggerFiles).filter(({ folder, name }) => findModel(roots, folder, name) === undefined);
