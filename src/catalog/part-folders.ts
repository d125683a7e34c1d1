import type { OwnFileKind } from "#/weights/layouts/part-source.ts";
import type { ModelKind } from "./find-model.ts";

/** Kinds whose files lie in the folder of another kind, as Fooocus has them. */
const elsewhere: Readonly<Record<Exclude<OwnFileKind, ModelKind>, ModelKind>> = {
  ip_adapter: "controlnet",
  ip_negative: "controlnet",
  face_detector: "controlnet",
  detector: "inpaint",
};

/** Kinds of files that hold one part of a model, which a recipe names beside its VAE. */
export type PartKind = Exclude<OwnFileKind, "vae">;

/** The folder that files of a kind lie in: nearly all kinds are called as theirs. */
export const folderOf = (kind: OwnFileKind | ModelKind): ModelKind =>
  isElsewhere(kind) ? elsewhere[kind] : kind;

const isElsewhere = (kind: string): kind is keyof typeof elsewhere => Object.hasOwn(elsewhere, kind);
