import { existsSync, readFileSync } from "node:fs";
import { type TSchema, TypeGuard } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { EngineError } from "#/lib/errors.ts";
import { type Config, type ConfigKey, ConfigSchema } from "./schema.ts";

/** What the command line and the environment bring. */
export type Sources = Readonly<{
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}>;

/** Flags of FooocusAPI that mean one of our keys; `true` stands for a flag without a value. */
const aliases: Readonly<Record<string, ConfigKey>> = {
  "--listen": "host",
  "--apikey": "api_keys",
  "--output-path": "outputs",
};

/** Flags of FooocusAPI that change nothing here: there is no web UI process and nothing is downloaded. */
const ignored: readonly string[] = ["--nowebui", "--disable-preset-download", "--always-download-new-model"];

export type Loaded = Readonly<{ config: Config; notes: readonly string[] }> | Readonly<{ help: string }>;

/**
 * The settings from all sources, later ones win: defaults, `config.txt`, environment, flags. A bad value stops the
 * start and says which source and key it came from; keys of Fooocus in `config.txt` that are not ours are left alone.
 *
 * @throws EngineError `bad-setting`
 */
export function loadConfig({ args, env }: Sources): Loaded {
  if (args.includes("--help") || args.includes("-h")) return { help: helpText() };
  const notes: string[] = [];
  const values: Record<string, unknown> = Value.Create(ConfigSchema);
  const set = (key: string, value: unknown, source: string): void => {
    const schema = schemaOf(key);
    if (schema === undefined) return;
    const converted = typeof value === "string" ? fromText(schema, value) : value;
    if (!Value.Check(schema, converted)) throw badSetting(key, value, source, schema);
    values[key] = converted;
  };
  const file = env.config_path ?? "config.txt";
  for (const [key, value] of Object.entries(readFile(file))) set(key, value, file);
  if (env.API_PORT !== undefined) set("port", env.API_PORT, "API_PORT");
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith("FOOOCUSD_") && value !== undefined) set(name.slice(9).toLowerCase(), value, name);
  }
  for (const { flag, value } of parseFlags(args)) {
    if (ignored.includes(flag)) {
      notes.push(`${flag} changes nothing here.`);
      continue;
    }
    const key = aliases[flag] ?? flag.replace(/^--/, "").replaceAll("-", "_");
    if (schemaOf(key) === undefined) {
      throw new EngineError("bad-setting", `There is no flag ${flag}; --help lists them.`, { flag });
    }
    const bare = flag === "--listen" ? "0.0.0.0" : "true";
    // FooocusAPI's --port is the web page's; its API listens one above. Ours has one port, the one that is named.
    set(key, value ?? bare, flag);
  }
  return { config: Object.freeze(Value.Decode(ConfigSchema, values)), notes };
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

function* parseFlags(args: readonly string[]): Generator<{ flag: string; value: string | undefined }> {
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("--"))
      throw new EngineError("bad-setting", `${arg} is not a flag; --help lists them.`, { arg });
    const [flag = "", ...rest] = arg.split("=");
    const next = args[i + 1];
    if (rest.length > 0) yield { flag, value: rest.join("=") };
    else if (next !== undefined && !next.startsWith("--")) {
      i += 1;
      yield { flag, value: next };
    } else yield { flag, value: undefined };
  }
}

/** A flag's or a variable's text as its key's type; lists are separated by commas. */
function fromText(schema: TSchema, text: string): unknown {
  if (TypeGuard.IsArray(schema)) return text === "" ? [] : text.split(",").map((part) => part.trim());
  if (TypeGuard.IsInteger(schema)) return /^-?\d+$/.test(text) ? Number(text) : text;
  if (TypeGuard.IsBoolean(schema))
    return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : text;
  return text;
}

function badSetting(key: string, value: unknown, source: string, schema: TSchema): EngineError {
  const said = JSON.stringify(value);
  return new EngineError("bad-setting", `${source}: ${key} cannot be ${said}; it takes ${allowed(schema)}.`, {
    key,
    source,
  });
}

/** What a key takes, in words. */
export function allowed(schema: TSchema): string {
  if (TypeGuard.IsUnion(schema)) return schema.anyOf.map((option) => String(option.const)).join(" | ");
  if (TypeGuard.IsArray(schema)) return `a list of ${allowed(schema.items)}`;
  if (TypeGuard.IsBoolean(schema)) return "true or false";
  if (TypeGuard.IsInteger(schema)) {
    const { minimum, maximum } = schema;
    return `a whole number${minimum === undefined ? "" : ` from ${minimum}`}${maximum === undefined ? "" : ` to ${maximum}`}`;
  }
  return "text";
}

/** One line a setting. */
export function helpText(): string {
  const lines = Object.entries(ConfigSchema.properties).map(([key, schema]: [string, TSchema]) => {
    const flag = `--${key.replaceAll("_", "-")}`;
    return `  ${flag.padEnd(24)} ${schema.description ?? ""} (${allowed(schema)}; default ${JSON.stringify(schema.default)})`;
  });
  return ["fooocusd: an SDXL image server in one binary", "", ...lines, ""].join("\n");
}
