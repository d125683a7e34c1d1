import { detectorFile, samFile } from "#/catalog/detection-files.ts";
import { expansionNames } from "#/catalog/expansion-files.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import { interposerPath } from "#/catalog/interposer-path.ts";
import { matteFile, type Published } from "#/catalog/matte-files.ts";
import { folderOf } from "#/catalog/part-folders.ts";
import type { MaskMaking } from "./mask-making.ts";
import { allPasses } from "./pass-resolved.ts";
import type { Recipe } from "./recipe.ts";
import type { Resolved } from "./resolve.ts";

/** A file that pictures are made with: its folder, and its name there. */
export type UsedFile = Readonly<{ kind: ModelKind; name: string }>;

/** Where a file of a folder lies; undefined where it is not there. */
export type FindFile = (kind: ModelKind, name: string) => string | undefined;

/**
 * Every file that decides what the pictures of a request look like, each once. What only previews are made with is none of them.
 *
 * @param find where files are that a recipe names by what they do: of several names the first one counts that is there
 */
export function filesOf(resolved: Resolved, find: FindFile): readonly UsedFile[] {
  const passes = (resolved.recipe.enhance?.pictures ?? []).flatMap((picture) => picture.passes);
  const used = [
    ...[resolved, ...allPasses(resolved)].flatMap(({ recipe }) => filesOfRun(recipe, find)),
    ...passes.flatMap((pass) => (pass.kind === "region" ? filesOfMask(pass.mask, find) : [])),
  ];
  return [...new Map(used.map((file) => [`${file.kind}/${file.name}`, file])).values()];
}

function filesOfRun(
  { base, vae, refiner, loras, inversions = [], parts = [], patch }: Recipe,
  find: FindFile,
): readonly UsedFile[] {
  const refined = refiner?.name ?? null;
  return [
    { kind: "checkpoints", name: base },
    ...(vae === null ? [] : [{ kind: "vae" as const, name: vae }]),
    ...(refined === null ? [] : [{ kind: "checkpoints" as const, name: refined }, ...betweenLatents(find)]),
    ...loras.map(({ name }) => ({ kind: "loras" as const, name })),
    ...inversions.map(({ name }) => ({ kind: "embeddings" as const, name })),
    ...parts.map(({ kind, name }) => ({ kind: folderOf(kind), name })),
    ...(parts.some(({ kind }) => kind === "prompt_expansion") ? besideExpansion(find) : []),
    ...(patch === undefined ? [] : [{ kind: "inpaint" as const, name: patch }]),
  ];
}

/** What stands between a base model and a refiner whose latents are others, where it is there. */
function betweenLatents(find: FindFile): readonly UsedFile[] {
  const found: UsedFile[] = [];
  interposerPath((name) => {
    const path = find("vae_approx", name);
    if (path !== undefined) found.push({ kind: "vae_approx", name });
    return path;
  });
  return found;
}

/** The words of prompt expansion, beside its network. */
const besideExpansion = (find: FindFile): readonly UsedFile[] =>
  (["merges", "words"] as const).flatMap((part) => {
    const name = expansionNames[part].find((one) => find("prompt_expansion", one) !== undefined);
    return name === undefined ? [] : [{ kind: "prompt_expansion" as const, name }];
  });

function filesOfMask(making: MaskMaking, find: FindFile): readonly UsedFile[] {
  const published = making.by === "matte" ? [matteFile(making.model)] : [detectorFile, samFile(making.sam)];
  return published.map((file) => ({ kind: file.folder, name: nameThere(file, find) }));
}

/** What is published for PyTorch may lie there as safetensors. */
function nameThere({ folder, name }: Published, find: FindFile): string {
  const other = name.replace(/\.pth$/, ".safetensors");
  return find(folder, name) === undefined && find(folder, other) !== undefined ? other : name;
}
