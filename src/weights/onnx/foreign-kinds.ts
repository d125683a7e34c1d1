import { checkMatte } from "./check-matte.ts";
import { checkTagger } from "./check-tagger.ts";
import { type OnnxFile, readOnnx } from "./read-onnx.ts";

/** What networks of others' drawing are for: the folder of models that each lies in, and how one is known. */
export const foreignKinds = {
  matte: { folder: "inpaint", check: checkMatte },
  tagger: { folder: "clip_vision", check: checkTagger },
} as const satisfies Readonly<Record<string, Readonly<{ folder: string; check: (file: OnnxFile) => void }>>>;
export type ForeignKind = keyof typeof foreignKinds;

/**
 * The ONNX file of a network for this.
 *
 * @throws ModelError as {@link readOnnx}; `layout-unsupported` or `dtype-unsupported` for another network
 */
export function readForeign(kind: ForeignKind, path: string): OnnxFile {
  const file = readOnnx(path);
  foreignKinds[kind].check(file);
  return file;
}
