import { meantName } from "#/lib/misspelling.ts";
import { FooocusSchema } from "./fooocus-keys.ts";
import { ConfigSchema } from "./schema.ts";

/** Environment variables of ours begin with this. */
export const prefix = "FOOOCUSD_";

/** Variables of ours that are no settings: they are read before there are any. */
const others = ["FOOOCUSD_CONFIG_PATH", "FOOOCUSD_CACHE_DIR"];

const settings = Object.keys(ConfigSchema.properties);
const fooocusKeys = Object.keys(FooocusSchema.properties);
const variables = [...settings.map((key) => prefix + key.toUpperCase()), ...others];

/**
 * Names in the environment that look like ours and are not: a setting that was meant would silently be its default.
 *
 * @returns a sentence for each
 */
export function strangeVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.keys(env).flatMap((name) => {
    if (variables.includes(name) || !/^_?FO+CUSD?_/i.test(name)) return [];
    const meant = meantName(name, variables);
    if (meant === undefined && !name.startsWith(prefix)) return [];
    return [`The variable ${name} is none of ours and changes nothing.${hint(meant)}`];
  });
}

/**
 * Keys of a configuration file that are nobody's and look like one that is. Fooocus has many more keys than mean something
 * here, so what looks like none is left alone.
 *
 * @param file for the sentence
 */
export function strangeKeys(values: Readonly<Record<string, unknown>>, file: string): readonly string[] {
  const known = [...settings, ...fooocusKeys];
  return Object.keys(values).flatMap((key) => {
    const meant = known.includes(key) ? undefined : meantName(key, known);
    return meant === undefined ? [] : [`${file}: ${key} is no setting and changes nothing.${hint(meant)}`];
  });
}

/** What a flag that is not there was meant to be, as the end of a sentence. */
export function meantFlag(flag: string, aliases: readonly string[]): string {
  return hint(meantName(flag, [...settings.map((key) => `--${key.replaceAll("_", "-")}`), ...aliases]));
}

const hint = (meant: string | undefined): string => (meant === undefined ? "" : ` Did you mean ${meant}?`);
