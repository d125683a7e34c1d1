import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import type { Flag } from "./flags.ts";
import { type FooocusKeys, folderKeys, readFooocusKeys } from "./fooocus-keys.ts";
import { strangeKeys, strangeVariables } from "./misspelt.ts";
import { pythonLiteral } from "./python-literal.ts";
import { readConfigFile } from "./read-config-file.ts";
import { readEnvironment, type Variables } from "./read-environment.ts";
import { followPort, readFlags } from "./read-flags.ts";
import type { Config } from "./schema.ts";
import { Settings } from "./settings.ts";
import { refuseStrangeBase, refuseStrangeMirror, refuseStrangeWebhook } from "./strange-addresses.ts";

/** What the command line and the environment bring. */
export type Sources = Readonly<{
  flags: readonly Flag[];
  env: Variables;
}>;

/** A configuration with what its reader should know of it. */
export type Loaded = Readonly<{ config: Config; notes: readonly string[] }>;

/**
 * The settings from all sources, later ones win: defaults, `config.txt` (of the Fooocus folder, then of the working
 * folder), environment, flags. A bad value of one of our keys stops the start and says which source and key it came
 * from; a bad value of one of Fooocus' keys falls back, with a note.
 *
 * @throws EngineError `bad-setting`
 */
export function loadConfig({ flags, env }: Sources): Loaded {
  const settings = new Settings();
  const named = env.FOOOCUSD_CONFIG_PATH ?? env.config_path;
  if (named !== undefined && !existsSync(named))
    settings.notes.push(`The configuration file ${named}, which the environment names, is not there.`);
  const path = ownConfigPath(env);
  const own = readConfigFile(path);
  const fooocus = fooocusFolder(flags, env, own);
  if (fooocus !== "" && !existsSync(fooocus))
    throw new EngineError("bad-setting", `There is no Fooocus folder ${fooocus}.`, { fooocus });

  const theirs = fooocus === "" ? {} : takeTheirs(join(fooocus, "config.txt"), settings, fooocus);
  const file = { ...theirs, ...takeValues(own, path, settings) };
  const literals = Object.entries(env).map(([name, value]) => [name, pythonLiteral(value ?? "")]);
  const { keys: environment, notes } = readFooocusKeys(Object.fromEntries(literals), "environment");
  settings.notes.push(...notes);
  if (environment.path_outputs !== undefined)
    settings.set("outputs", environment.path_outputs, "path_outputs");
  readEnvironment(env, settings);
  settings.notes.push(...strangeVariables(env));
  readFlags(flags, settings);
  const impliedPort = followPort(flags, env, settings);

  const config = settings.done();
  refuseStrangeBase(config.base_url);
  refuseStrangeWebhook(config.webhook_url);
  refuseStrangeMirror(config.hf_mirror);
  noteMissing(config.models, settings);
  const keys = { file, environment };
  const models = [...extraFolders({ ...file, ...environment }, fooocus), ...config.models];
  if (fooocus !== "") models.push(join(fooocus, "models"));
  return {
    config: Object.freeze({ ...config, models, fooocusKeys: keys, impliedPort }),
    notes: settings.notes,
  };
}

/** Where our own configuration file is, as far as there is one. */
export const ownConfigPath = (env: Variables): string =>
  env.FOOOCUSD_CONFIG_PATH ?? env.config_path ?? "config.txt";

/** The last flag counts, as of all settings; where there is none, the environment, then our own file. */
function fooocusFolder(
  flags: readonly Flag[],
  env: Variables,
  own: Readonly<Record<string, unknown>>,
): string {
  const said = flags.findLast(({ flag }) => flag === "--fooocus")?.value ?? env.FOOOCUSD_FOOOCUS;
  return said ?? (typeof own["fooocus"] === "string" ? own["fooocus"] : "");
}

/** Takes over a file's values. What it calls `outputs` wins over what it calls `path_outputs`, as Fooocus does. */
function takeValues(
  values: Readonly<Record<string, unknown>>,
  path: string,
  settings: Settings,
  folder = "",
): FooocusKeys {
  const { keys, notes } = readFooocusKeys(values, path);
  settings.notes.push(...notes, ...strangeKeys(values, path));
  if (keys.path_outputs !== undefined) settings.set("outputs", resolveIn(folder, keys.path_outputs), path);
  for (const [key, value] of Object.entries(values)) settings.set(key, value, path);
  return keys;
}

/** Fooocus goes on without a file of its own that it cannot read, and so does whoever uses its folder. */
function takeTheirs(path: string, settings: Settings, folder: string): FooocusKeys {
  let values: Readonly<Record<string, unknown>>;
  try {
    values = readConfigFile(path);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    settings.notes.push(`${thrown.message} It is passed over.`);
    return {};
  }
  return takeValues(values, path, settings, folder);
}

/** A relative folder of Fooocus' is relative to it; of our own file, to where we work. */
const resolveIn = (folder: string, path: string): string => (folder === "" ? path : resolve(folder, path));

/** The default may be missing: a checkpoint may come later. A folder that was named and is not there is a slip. */
function noteMissing(models: readonly string[], settings: Settings): void {
  for (const folder of models) {
    const path = folder.replace(/^\w+=/, "");
    const trouble = troubleOf(path);
    if (trouble === "ENOENT" && folder === "models") continue;
    if (trouble === "ENOENT") settings.notes.push(`models names the folder ${path}, which is not there.`);
    else if (trouble !== undefined)
      settings.notes.push(
        `models names the folder ${path}, which cannot be read (${trouble}): no model is taken from it. Who runs the server must be able to read it, and to enter the folders above it.`,
      );
  }
}

/** Why a folder cannot be looked into, as the system's code; nothing where it can. */
function troubleOf(folder: string): string | undefined {
  try {
    // Opened alone it says nothing of the right to read it.
    readdirSync(folder);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
  }
}

/** Folders of one kind that Fooocus' keys name; relative ones are relative to the Fooocus folder. */
function extraFolders(keys: FooocusKeys, fooocus: string): readonly string[] {
  return Object.entries(folderKeys).flatMap(([key, kind]) => {
    const value = keys[key as keyof typeof folderKeys];
    const folders = value === undefined ? [] : typeof value === "string" ? [value] : value;
    return folders.map((folder) => `${kind}=${folder.startsWith("/") ? folder : join(fooocus, folder)}`);
  });
}
