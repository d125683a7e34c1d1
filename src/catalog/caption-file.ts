import { blipNames } from "#/weights/layouts/blip.ts";
import { findModel } from "./find-model.ts";
import type { Published } from "./matte-files.ts";

const [name] = blipNames;

/** What captions photographs: BLIP, as Fooocus has it. */
export const captionFile: Published = {
  name,
  folder: "clip_vision",
  bytes: 896_081_425,
  source: `https://huggingface.co/lllyasviel/misc/resolve/main/${name}`,
};

/** The names under which it is looked for, in that order. */
export const captionFileNames: readonly string[] = blipNames;

/** The file of it, or of another one that serves as well, if one lies in the clip_vision folders; a real path. */
export const findCaptionFile = (roots: readonly string[]): string | undefined =>
  captionFileNames.map((one) => findModel(roots, captionFile.folder, one)).find((path) => path !== undefined);
