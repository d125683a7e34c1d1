import type { ModelKind } from "#/catalog/find-model.ts";
import { folderOf } from "#/catalog/part-folders.ts";
import type { PartFile, Recipe } from "#/recipe/recipe.ts";

/** A file that a picture is made with. */
export type Used = Readonly<{
  kind: ModelKind;
  /** For messages. */
  what: string;
  /** As the API lists it. */
  name: string;
  /** Dotted path of the request's field that names it. */
  field: string;
  /** What to do about it, where its field alone does not say so. */
  wayOut?: string;
}>;

/** Files for parts of models, and for each the field that chose it. */
type PartChoice = Readonly<{ recipe: Pick<Recipe, "parts" | "patch">; partFields?: readonly string[] }>;

/** A control image's type chooses its files, and one without a type has the first: it is the image that is to go. */
const controlImages = "controlnet_image.";
const withoutImage = "Put a usable file in its place, or leave this control image out.";

/** Each file for a part of a model, as it is named. */
const namedParts = ({ recipe: { parts = [] }, partFields = [] }: PartChoice) =>
  parts.map(({ kind, name }, at) => {
    const field = partFields[at] ?? kind;
    const used: Used = { kind: folderOf(kind), what: `${kind} file`, name, field };
    return { kind, used: field.startsWith(controlImages) ? { ...used, wayOut: withoutImage } : used };
  });

/** Kinds of files that are looked at together. */
const ofImagePrompts: readonly PartFile["kind"][] = ["ip_adapter", "clip_vision", "ip_negative"];

/** Image-prompt adapters, each with the vision tower of its place, and what they say in the negative branch. */
export function imagePromptsOf(choice: PartChoice) {
  const ofKind = (wanted: PartFile["kind"]): readonly Used[] =>
    namedParts(choice).flatMap(({ kind, used }) => (kind === wanted ? [used] : []));
  const towers = ofKind("clip_vision");
  const [negative] = ofKind("ip_negative");
  return ofKind("ip_adapter").map((adapter, at) => ({ adapter, tower: towers[at] ?? adapter, negative }));
}

/** Files for parts of models that are looked at alone, and what is added to the weights of one. */
export function partsOf(choice: PartChoice) {
  const { recipe, partFields = [] } = choice;
  const { parts = [], patch } = recipe;
  // An engine's head and its patch are chosen together.
  const engineField = partFields[parts.findIndex(({ kind }) => kind === "inpaint")] ?? "inpaint_engine";
  return [
    ...namedParts(choice).filter(({ kind }) => !ofImagePrompts.includes(kind)),
    ...(patch === undefined
      ? []
      : [
          {
            kind: "patch",
            used: { kind: "inpaint", what: "inpaint patch", name: patch, field: engineField },
          } as const,
        ]),
  ];
}
