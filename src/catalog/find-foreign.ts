import { type ForeignKind, foreignKinds } from "#/weights/onnx/foreign-kinds.ts";
import { findModel, type ModelKind } from "./find-model.ts";

/** The folder of models that networks of a kind lie in. */
export const foreignFolder = (kind: ForeignKind): ModelKind => foreignKinds[kind].folder;

/** Where a network of others' drawing lies: in the folder of its kind. */
export const findForeign = (roots: readonly string[], kind: ForeignKind, name: string): string | undefined =>
  findModel(roots, foreignFolder(kind), name);
