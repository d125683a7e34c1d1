import { Command, Option } from "commander";
import { EngineError } from "#/lib/errors.ts";
import { ignoredFlags, manyValued } from "./ignored-flags.ts";
import { meantFlag } from "./misspelt.ts";
import { type ConfigKey, ConfigSchema } from "./schema.ts";
import { allowed, wordsOf } from "./values.ts";

/** A flag of the command line; without a value it may be a switch. */
export type Flag = Readonly<{ flag: string; value: string | undefined }>;

/** Flags of FooocusAPI and of the legacy Fooocus-API that mean one of our keys under another name. */
export const aliases: Readonly<Record<string, ConfigKey>> = {
  "--listen": "host",
  "--apikey": "api_keys",
  "--output-path": "outputs",
  "--queue-size": "queue_limit",
};

/** The flag of a setting. */
export const flagOf = (key: string): string => `--${key.replaceAll("_", "-")}`;

/** The setting that a flag means; undefined where it means none. */
export const keyOfFlag = (flag: string): ConfigKey | undefined =>
  aliases[flag] ?? keys.find((key) => flagOf(key) === flag);

/** What is said of a setting's values behind its description. */
export const factsOf = (key: ConfigKey): string => {
  const schema = ConfigSchema.properties[key];
  return `${allowed(schema)}; default ${JSON.stringify(schema.default)}`;
};

const keys = Object.keys(ConfigSchema.properties) as readonly ConfigKey[];

/**
 * Gives a command a flag for each of its settings, and those of others that mean the same; one that takes all settings takes
 * those of others that mean nothing here, too. Each takes its value as optional: what a bare flag means, and whether a value
 * fits, is said by the readers of settings.
 *
 * @returns the flags that were given, once the command is parsed, in their order
 */
export function takeSettings(command: Command, settings: "all" | readonly ConfigKey[]): readonly Flag[] {
  const given: Flag[] = [];
  const take = (option: Option): void => {
    command.addOption(option);
    command.on(`option:${option.name()}`, (value: string | null | undefined) => {
      given.push({ flag: option.long ?? "", value: value ?? undefined });
    });
  };
  const taken = keys.filter((key) => settings === "all" || settings.includes(key));
  for (const key of taken) {
    const schema = ConfigSchema.properties[key];
    const option = new Option(`${flagOf(key)} [value]`, `${schema.description ?? ""} (${factsOf(key)})`);
    const words = wordsOf(schema);
    // Only offered to whoever completes: a wrong one is refused with the source that it came from.
    if (words !== undefined) option.argChoices = [...words];
    take(option);
  }
  const others = Object.entries(aliases).filter(([, key]) => taken.includes(key));
  const idle = settings === "all" ? [...ignoredFlags.keys()] : [];
  for (const flag of [...others.map(([alias]) => alias), ...idle]) {
    const several = manyValued.includes(flag) ? "[values...]" : "[value]";
    take(new Option(`${flag} ${several}`).hideHelp());
  }
  return given;
}

/** Whether a flag is one that the server takes. */
export const isSettingFlag = (flag: string): boolean =>
  keyOfFlag(flag) !== undefined || ignoredFlags.has(flag);

/** Whether a flag says everything by being there. */
export function isSwitch(flag: string): boolean {
  const key = keyOfFlag(flag);
  return key !== undefined && ConfigSchema.properties[key].type === "boolean";
}

/**
 * Refuses words that are no flag of the server's.
 *
 * @throws EngineError `bad-setting`
 */
function refuseWords([word]: readonly string[]): void {
  if (word === undefined) return;
  if (!word.startsWith("--"))
    throw new EngineError("bad-setting", `${word} is no flag; --help lists them.`, {
      arg: word,
    });
  const [flag = ""] = word.split("=");
  const meant = meantFlag(flag, [...Object.keys(aliases), ...ignoredFlags.keys()]);
  throw new EngineError("bad-setting", `There is no flag ${flag}; --help lists them.${meant}`, { flag });
}

/**
 * The flags of a command line, as `--flag value` or `--flag=value`.
 *
 * @throws EngineError `bad-setting` for a word that is no flag
 */
export function parseFlags(args: readonly string[]): readonly Flag[] {
  const command = new Command();
  const flags = takeSettings(command, "all");
  const { operands, unknown } = command.parseOptions([...args]);
  refuseWords([...operands, ...unknown]);
  return flags;
}
