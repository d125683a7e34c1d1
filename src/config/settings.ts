import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { EngineError } from "#/lib/errors.ts";
import { type Config, type ConfigKey, ConfigSchema } from "./schema.ts";
import { allowed, fromText } from "./values.ts";

type OwnSettings = Omit<Config, "fooocusKeys" | "impliedPort">;

/** The values so far; each new one is checked with the source it came from. */
export class Settings {
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

/** What one of our keys takes; undefined for what is none. */
export function schemaOf(key: string): TSchema | undefined {
  const properties: Readonly<Record<string, TSchema>> = ConfigSchema.properties;
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function badSetting(key: string, value: unknown, source: string, schema: TSchema): EngineError {
  const said = JSON.stringify(value);
  return new EngineError("bad-setting", `${source}: ${key} cannot be ${said}; it takes ${allowed(schema)}.`, {
    key,
    source,
  });
}
