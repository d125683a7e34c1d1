import { writeJson } from "#/api/json.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import { version } from "#/lib/version.ts";
import type { WrittenPrompts } from "#/recipe/draw-prompts.ts";
import { type FindFile, filesOf } from "#/recipe/files-of.ts";
import { plainRecipe } from "#/recipe/plain-recipe.ts";
import type { Resolved, Signed } from "#/recipe/resolve.ts";

/** What a making is told with. */
export type MakingParts = Readonly<{
  find: FindFile;
  hashes: Pick<ModelHashes, "of">;
  signed: Signed;
  /** What the networks run on. */
  device: () => string;
}>;

/** Prompts as they were expanded while their images were made, by the place of these. */
export type Expansions = ReadonlyMap<number, string>;

/**
 * Everything that a task's pictures are made of, to be kept with it: the recipe as it was resolved, its texts, and its files with
 * their hashes. Begun with the task it is done by the time that the first picture is: the hashes of checkpoints and LoRAs are
 * written into pictures anyway.
 *
 * @returns what writes it as JSON, once the pictures are made
 */
export async function madeOf(
  resolved: Resolved,
  { find, hashes, signed, device }: MakingParts,
): Promise<(expansions: Expansions) => string> {
  const files: Readonly<{ kind: string; name: string; sha256: string }>[] = [];
  // One after the other: they are on one disk.
  for (const { kind, name } of filesOf(resolved, find)) {
    const path = find(kind, name);
    files.push({ kind, name, sha256: path === undefined ? "" : await hashes.of(path) });
  }
  const { metadata, createdBy, adaptiveCfg } = resolved.signed ?? signed;
  return (expansions) =>
    writeJson({
      program: { version, device: device() },
      settings: { metadata, created_by: createdBy, adaptive_cfg: adaptiveCfg },
      recipe: plainRecipe(resolved.recipe),
      texts: resolved.written.map((text, image) => textOf(text, expansions.get(image))),
      pass_texts: (resolved.passes ?? []).map((passes) => passes.map(({ written }) => textOf(written))),
      files,
    });
}

const textOf = ({ prompt, negativePrompt, styles }: WrittenPrompts, expansion?: string) => ({
  prompt,
  negative_prompt: negativePrompt,
  styles,
  ...(expansion === undefined ? {} : { expansion }),
});
