import { findModel } from "./find-model.ts";

/** Fooocus' inpaint head, which every engine but `None` needs. */
export const inpaintHeadName = "fooocus_inpaint_head.pth";

/** The patch of each engine. */
export const inpaintPatchNames = {
  v1: "inpaint.fooocus.patch",
  "v2.5": "inpaint_v25.fooocus.patch",
  "v2.6": "inpaint_v26.fooocus.patch",
} as const;

/** Which of these files lie in the inpaint folders. */
export const inpaintFilesThere = (roots: readonly string[]): readonly string[] =>
  [inpaintHeadName, ...Object.values(inpaintPatchNames)].filter(
    (name) => findModel(roots, "inpaint", name) !== undefined,
  );
