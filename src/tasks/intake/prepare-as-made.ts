import type { GenerateRequest } from "#/api/generate.ts";
import { InvalidRequest, type Issue } from "#/api/issues.ts";
import { isJsonObject, type Json } from "#/api/json.ts";
import type { ImageTexts, PostedRecipe, RecipeDocument } from "#/api/recipe-document.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { modelKinds } from "#/catalog/find-model.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import { version } from "#/lib/version.ts";
import { filesOf } from "#/recipe/files-of.ts";
import { writeKeptRecipe } from "#/recipe/kept-recipe.ts";
import { differencesOf, plainRecipe } from "#/recipe/plain-recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { ToldTexts } from "#/recipe/told-texts.ts";
import { bringInputs } from "./bring-inputs.ts";
import { type Considering, consider } from "./consider.ts";
import { type Preparation, type Prepared, withPictures } from "./prepare.ts";

/** What takes recipes. */
export type MadeParts = Omit<Preparation, "considered"> &
  Readonly<{
    considering: Considering;
    catalog: Pick<Catalog, "path">;
    hashes: Pick<ModelHashes, "of">;
    /** What the networks run on. */
    device: () => string;
  }>;

/**
 * Takes a recipe: its request is resolved as every request is, with its texts in the place of drawing new ones and its rule of
 * noise in the place of the server's. What comes of that must be the very recipe, and every file the very file: nothing of a
 * recipe is drawn otherwise, and nothing in it is believed.
 *
 * @throws InvalidRequest naming every file that differs or is missing, or where the recipe would be another one here; RequestError
 *   as for its request
 */
export async function prepareAsMade(
  request: GenerateRequest,
  recipe: PostedRecipe,
  parts: MadeParts,
): Promise<Prepared> {
  const { document, taken } = recipe;
  await refuseOtherFiles(document, parts);
  await bringInputs(document.inputs, {
    ...parts.inputOptions(),
    require: (inputs) => parts.disk.require({ outputs: 0, inputs }),
  });
  const { considering } = parts;
  await parts.sizes.look(request);
  const toldTexts = textsIn(recipe);
  const considered = await consider(request, {
    ...considering,
    world: () => ({ ...considering.world(), noise: taken.noise, toldTexts }),
  });
  const { params, warnings, resolved } = await withPictures(considered, parts);
  refuseOther(resolved, document, parts);
  const { metadata, created_by: createdBy, adaptive_cfg: adaptiveCfg } = document.settings;
  return {
    params,
    warnings: [...warnings, ...elsewhere(document, parts.device())],
    recipe: writeKeptRecipe({ ...resolved, signed: { metadata, createdBy, adaptiveCfg } }),
  };
}

/** The texts of a recipe by their places. */
function textsIn({
  document,
  taken,
}: PostedRecipe): NonNullable<ReturnType<Considering["world"]>["toldTexts"]> {
  const told = (image: ImageTexts | undefined, written: RecipeDocument["texts"][number] | undefined) =>
    image === undefined || written === undefined ? undefined : toldOf(image, written);
  return ({ image, pass }) =>
    pass === undefined
      ? told(taken.images[image], document.texts[image])
      : told(taken.enhance?.pictures[image]?.passes[pass]?.run.images[0], document.pass_texts[image]?.[pass]);
}

const toldOf = (
  { positive, negative, expand }: ImageTexts,
  { prompt, negative_prompt: negativePrompt, styles }: RecipeDocument["texts"][number],
): ToldTexts => ({
  spec: { positive, negative, ...(expand === undefined ? {} : { expand }) },
  written: { prompt, negativePrompt, styles },
});

/** @throws InvalidRequest with a problem for each file that is not here, or is another one */
async function refuseOtherFiles({ files }: RecipeDocument, { catalog, hashes }: MadeParts): Promise<void> {
  const issues: Issue[] = [];
  for (const [at, { kind, name, sha256 }] of files.entries()) {
    const folder = modelKinds.find((known) => known === kind);
    const path = folder === undefined ? undefined : catalog.path(folder, name);
    const found = path === undefined ? undefined : await hashes.of(path);
    if (found === sha256) continue;
    const file = `${kind}/${name}`;
    const msg =
      found === undefined
        ? `${file} is not here. The recipe wants the file whose SHA-256 is ${sha256}.`
        : `${file} is another file here: its SHA-256 is ${found === "" ? "unknown, since it cannot be read" : found}, the recipe wants ${sha256}.`;
    const ctx = {
      error: found === undefined ? "missing-model" : "unusable-model",
      wanted: sha256,
      found: found ?? null,
    };
    issues.push({ type: "value_error", loc: ["body", "files", at], msg, input: file, ctx });
  }
  if (issues.length > 0) throw new InvalidRequest(issues);
}

/** @throws InvalidRequest where what is resolved here is not the recipe, or is made with a file whose hash that does not say */
function refuseOther(resolved: Resolved, document: RecipeDocument, { catalog }: MadeParts): void {
  const said = document.recipe as Json;
  const here = plainRecipe(resolved.recipe);
  const differing = differencesOf(isJsonObject(said) ? said : {}, here);
  const issues = differing.map(({ path, one, other }): Issue => {
    const msg = `${path} would be ${shown(other)} here, and is ${shown(one)} in the recipe: the settings of this server, or what it has beside the files of the recipe, are others.`;
    return { type: "value_error", loc: ["body", ...path.split(".")], msg, input: one ?? null };
  });
  const listed = new Set(document.files.map(({ kind, name }) => `${kind}/${name}`));
  const used = filesOf(resolved, (kind, name) => catalog.path(kind, name));
  for (const { kind, name } of used) {
    if (listed.has(`${kind}/${name}`)) continue;
    const msg = `The recipe is made with ${kind}/${name} here and does not say the SHA-256 of that.`;
    issues.push({ type: "value_error", loc: ["body", "files"], msg, input: `${kind}/${name}` });
  }
  if (issues.length > 0) throw new InvalidRequest(issues);
}

const shown = (value: Json | undefined): string =>
  value === undefined
    ? "nothing"
    : JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? item.toString() : item)).slice(
        0,
        200,
      );

/** What may round otherwise although every file is the same. */
function elsewhere({ program }: RecipeDocument, device: string): readonly string[] {
  const differs = [
    ...(program.version === version ? [] : [`by fooocusd ${program.version}, and this is ${version}`]),
    ...(program.device === device ? [] : [`on ${program.device}, and this server draws on ${device}`]),
  ];
  return differs.map(
    (how) => `The recipe was drawn ${how}: single values of the pictures may be rounded otherwise.`,
  );
}
