import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { EngineError } from "#/lib/errors.ts";
import { isNothing } from "#/lib/nothing.ts";
import { version } from "#/lib/version.ts";
import { aliases, type Flag, parseFlags } from "./flags.ts";
import { type FooocusKeys, folderKeys, pythonLiteral, readFooocusKeys } from "./fooocus-keys.ts";
import { helpText } from "./help.ts";
import { ignoredFlags } from "./ignored-flags.ts";
import { meantFlag, prefix, strangeKeys, strangeVariables } from "./misspelt.ts";
import { type Config, type ConfigKey, ConfigSchema } from "./schema.ts";
import { allowed, fromText } from "./values.ts";

/** What the command line and the environment bring. */
export type Sources = Readonly<{
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}>;

/** A configuration with what its reader should know of it, or the text that was asked for instead. */
export type Loaded = Readonly<{ config: Config; notes: readonly string[] }> | Readonly<{ help: string }>;

/**
 * The settings from all sources, later ones win: defaults, `config.txt` (of the Fooocus folder, then of the working
 * folder), environment, flags. A bad value of one of our keys stops the start and says which source and key it came
 * from; a bad value of one of Fooocus' keys falls back, with a note.
 *
 * @throws EngineError `bad-setting`
 */
export function loadConfig({ args, env }: Sources): Loaded {
  if (args.includes("--help") || args.includes("-h")) return { help: helpText() };
  if (args.includes("--version")) return { help: `fooocusd ${version}` };
  const settings = new Settings();
  const flags = [...parseFlags(args)];
  const fooocus = flags.find(({ flag }) => flag === "--fooocus")?.value ?? env.FOOOCUSD_FOOOCUS ?? "";
  const named = env.FOOOCUSD_CONFIG_PATH ?? env.config_path;
  if (named !== undefined && !existsSync(named))
    settings.notes.push(`The configuration file ${named}, which the environment names, is not there.`);
  const paths = [named ?? "config.txt"];
  if (fooocus !== "") {
    if (!existsSync(fooocus))
      throw new EngineError("bad-setting", `There is no Fooocus folder ${fooocus}.`, { fooocus });
    paths.unshift(join(fooocus, "config.txt"));
  }

  let file: FooocusKeys = {};
  for (const path of paths) {
    const values = readFile(path);
    const { keys, notes } = readFooocusKeys(values, path);
    settings.notes.push(...notes, ...strangeKeys(values, path));
    file = { ...file, ...keys };
    for (const [key, value] of Object.entries(values)) settings.set(key, value, path);
  }
  const literals = Object.entries(env).map(([name, value]) => [name, pythonLiteral(value ?? "")]);
  const { keys: environment, notes } = readFooocusKeys(Object.fromEntries(literals), "environment");
  settings.notes.push(...notes);
  const outputs = environment.path_outputs ?? file.path_outputs;
  if (outputs !== undefined) settings.set("outputs", outputs, "path_outputs");
  readEnvironment(env, settings);
  settings.notes.push(...strangeVariables(env));
  readFlags(flags, settings);
  const impliedPort = followPort(flags, env, settings);

  const config = settings.done();
  refuseStrangeBase(config.base_url);
  refuseStrangeWebhook(config.webhook_url);
  noteMissing(config.models, settings);
  const keys = { file, environment };
  const models = [...extraFolders({ ...file, ...environment }, fooocus), ...config.models];
  if (fooocus !== "") models.push(join(fooocus, "models"));
  return {
    config: Object.freeze({ ...config, models, fooocusKeys: keys, impliedPort }),
    notes: settings.notes,
  };
}

type OwnSettings = Omit<Config, "fooocusKeys" | "impliedPort">;

/** The values so far; each new one is checked with the source it came from. */
class Settings {
  readonly notes: string[] = [];
  readonly #values: Record<string, unknown> = Value.Create(ConfigSchema);

  /** Sets one of our keys; what is none of ours is left alone. */
  set(key: string, value: unknown, source: string): void {
    const schema = schemaOf(key);
    if (schema === undefined) return;
    const converted = typeof value === "string" ? fromText(schema, value) : value;
    if (!Value.Check(schema, converted)) throw badSetting(key, value, source, schema);
    this.#values[key] = converted;
  }

  get(key: ConfigKey): unknown {
    return this.#values[key];
  }

  done(): OwnSettings {
    return Value.Decode(ConfigSchema, this.#values);
  }
}

function readEnvironment(env: Sources["env"], settings: Settings): void {
  const { GRADIO_SERVER_PORT: page, API_PORT: api } = env;
  if (page !== undefined)
    settings.set("port", /^\d+$/.test(page) ? Number(page) + 1 : page, "GRADIO_SERVER_PORT");
  if (api !== undefined) settings.set("port", api, "API_PORT");
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(prefix) || value === undefined) continue;
    const key = name.slice(prefix.length).toLowerCase();
    settings.set(key, value, name);
  }
}

/** Of a flag that is given twice the last counts; lists are joined. */
function readFlags(flags: readonly Flag[], settings: Settings): void {
  const lists = new Map<string, string[]>();
  for (const { flag, value } of flags) {
    const reason = ignoredFlags.get(flag);
    if (reason !== undefined) {
      settings.notes.push(`${flag} changes nothing here: ${reason}.`);
      continue;
    }
    const key = aliases[flag] ?? flag.slice(2).replaceAll("-", "_");
    const schema = schemaOf(key);
    if (schema === undefined) {
      const meant = meantFlag(flag, [...Object.keys(aliases), ...ignoredFlags.keys()]);
      const message = `There is no flag ${flag}; --help lists them.${meant}`;
      throw new EngineError("bad-setting", message, { flag });
    }
    const text = value ?? bareValue(flag, key);
    const before = lists.get(key) ?? [];
    if (schema.type === "array" && text !== "") lists.set(key, [...before, text]);
    settings.set(key, lists.get(key)?.join(",") ?? text, flag);
  }
}

/** What a flag without a value means: a switch is on, `--listen` is everywhere, all else was forgotten. */
function bareValue(flag: string, key: string): string {
  if (flag === "--listen") return "0.0.0.0";
  const schema = schemaOf(key);
  if (schema?.type === "boolean") return "true";
  const takes = schema === undefined ? "" : ` it takes ${allowed(schema)}.`;
  throw new EngineError("bad-setting", `${flag} needs a value:${takes}`, { flag });
}

/**
 * FooocusAPI's --port is its web page's, and its API listens one above, or on API_PORT; ours is one server that answers
 * on both.
 *
 * @returns whether the second port was set here
 */
function followPort(flags: readonly Flag[], { API_PORT: api }: Sources["env"], settings: Settings): boolean {
  const given = flags.map(({ flag }) => flag);
  const port = settings.get("port");
  if (!given.includes("--port") || given.includes("--also-port") || typeof port !== "number") return false;
  const also = api === undefined ? port + 1 : Number(api);
  if (port === 0 || also > 65535 || also === port) return false;
  settings.set("also_port", also, api === undefined ? "--port" : "API_PORT");
  return true;
}

/** Every address that clients are given would be broken. */
function refuseStrangeBase(base: string): void {
  const named = base.trim();
  if (named === "" || URL.canParse(/^[a-z]+:\/\//i.test(named) ? named : `http://${bracketed(named)}`))
    return;
  const message = `base_url cannot be ${JSON.stringify(base)}; it takes a URL, host:port or a host.`;
  throw new EngineError("bad-setting", message, { key: "base_url" });
}

/** Every webhook of a request that names none would be lost. Words for nothing are nothing, as in a request. */
function refuseStrangeWebhook(address: string): void {
  if (isNothing(address) || /^https?:$/.test(URL.parse(address)?.protocol ?? "")) return;
  const message = `webhook_url cannot be ${JSON.stringify(address)}; it takes an address that begins with http:// or https://.`;
  throw new EngineError("bad-setting", message, { key: "webhook_url" });
}

const bracketed = (name: string): string =>
  /^[\da-f]*:[\da-f:]*:[\da-f]*$/i.test(name) ? `[${name}]` : name;

/** The default may be missing: a checkpoint may come later. A folder that was named and is not there is a slip. */
function noteMissing(models: readonly string[], settings: Settings): void {
  for (const folder of models) {
    const path = folder.replace(/^\w+=/, "");
    if (folder !== "models" && !existsSync(path))
      settings.notes.push(`models names the folder ${path}, which is not there.`);
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

function schemaOf(key: string): TSchema | undefined {
  const properties: Readonly<Record<string, TSchema>> = ConfigSchema.properties;
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function readFile(path: string): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) return {};
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new EngineError("bad-setting", `${path} is not JSON: ${String(cause)}.`, { path }, cause);
  }
  throw new EngineError("bad-setting", `${path} does not hold a JSON object.`, { path });
}

function badSetting(key: string, value: unknown, source: string, schema: TSchema): EngineError {
  const said = JSON.stringify(value);
  return new EngineError("bad-setting", `${source}: ${key} cannot be ${said}; it takes ${allowed(schema)}.`, {
    key,
    source,
  });
}
