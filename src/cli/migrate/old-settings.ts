import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type FooocusKeys, folderKeys, readFooocusKeys } from "#/config/fooocus-keys.ts";
import { whyIgnored } from "#/config/ignored-keys.ts";
import { readConfigFile } from "#/config/read-config-file.ts";
import { AppError } from "#/lib/errors.ts";
import { type Report, tellSome } from "./report.ts";

/** What the old folder's files say. */
export type OldSettings = Readonly<{
  /** Keys of `config.txt`, which is read where it is at every start. */
  keys: FooocusKeys;
  /** Folders of an older file, which is not read where it is: they go into our own. */
  folders: Readonly<Record<string, string>>;
}>;

/** Reads `config.txt` and the older `user_path_config.txt`; says what of them is used, and why the rest is not. */
export function readOldSettings(root: string, report: Report): OldSettings {
  const values = readOrTell(join(root, "config.txt"), report);
  const { keys, notes } = readFooocusKeys(values, "config.txt");
  for (const note of notes) report.broken("settings", note);
  const ignored = Object.keys(values).flatMap((key) => {
    const why = whyIgnored(key);
    return why === undefined ? [] : [`config.txt: ${key}: ${why}`];
  });
  tellSome((sentence) => report.left("settings", sentence), ignored);
  const used = Object.keys(keys).length;
  if (used > 0)
    report.taken("settings", `config.txt: ${used} keys, which are read where they are at every start`);
  tellMissingFolders(root, keys, report);
  return { keys, folders: olderFolders(root, keys, report) };
}

function readOrTell(path: string, report: Report): Readonly<Record<string, unknown>> {
  try {
    return readConfigFile(path);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    report.broken("settings", `${thrown.message} Mend the file, and it is read at the next start.`);
    return {};
  }
}

/** Fooocus takes its own folder instead of one that is not there, and so does the server. */
function tellMissingFolders(root: string, keys: FooocusKeys, report: Report): void {
  const named = { ...folderKeys, path_wildcards: "wildcards" } as const;
  for (const key of Object.keys(named) as (keyof typeof named)[]) {
    const folders = [keys[key] ?? []].flat();
    for (const folder of folders)
      if (!existsSync(resolve(root, folder)))
        report.broken("settings", `config.txt: ${key} names ${folder}, which is not there`);
  }
}

/** What Fooocus before 2.1 called them. */
const olderNames: Readonly<Record<string, string>> = {
  modelfile_path: "path_checkpoints",
  lorafile_path: "path_loras",
  embeddings_path: "path_embeddings",
  vae_approx_path: "path_vae_approx",
  upscale_models_path: "path_upscale_models",
  inpaint_models_path: "path_inpaint",
  controlnet_models_path: "path_controlnet",
  clip_vision_models_path: "path_clip_vision",
  fooocus_expansion_path: "path_fooocus_expansion",
};

function olderFolders(root: string, keys: FooocusKeys, report: Report): Readonly<Record<string, string>> {
  const file = "user_path_config.txt";
  const values = readOrTell(join(root, file), report);
  const there: Readonly<Record<string, unknown>> = keys;
  const folders = Object.entries(olderNames).flatMap(([old, key]) => {
    const folder = values[old];
    if (typeof folder !== "string" || there[key] !== undefined) return [];
    const path = resolve(root, folder);
    if (existsSync(path)) return [[key, path] as const];
    report.broken("settings", `${file}: ${old} names ${folder}, which is not there`);
    return [];
  });
  if (folders.length > 0) report.taken("settings", `${file}: ${folders.length} folders of models`);
  return Object.fromEntries(folders);
}
