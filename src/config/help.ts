import type { TSchema } from "@sinclair/typebox";
import { factsOf, flagOf } from "./flags.ts";
import { type ConfigKey, ConfigSchema } from "./schema.ts";
import { allowed } from "./values.ts";

const settings = Object.entries<TSchema>(ConfigSchema.properties) as readonly [ConfigKey, TSchema][];

/**
 * What `--help` says of the settings.
 *
 * @param width columns of the terminal
 */
export function settingsHelp(width: number): string {
  const lines = settings.flatMap(([key, schema]) => {
    const text = `${schema.description ?? ""} (${factsOf(key)})`;
    const name = `  ${flagOf(key).padEnd(indent - 3)} `;
    return wrapped(text, Math.max(20, width - indent)).map(
      (line, at) => (at === 0 ? name : " ".repeat(indent)) + line,
    );
  });
  return ["Settings of the server:", ...lines, "", ...wrapped(behind, width)].join("\n");
}

/** Columns before what is said of a setting. */
const indent = 27;

const behind =
  "Flags of FooocusAPI: --listen [IP] (host; bare: 0.0.0.0), --apikey, --output-path, --base-url, --webhook-url, " +
  "--preset, --disable-metadata. Every setting is also a key of config.txt and a variable FOOOCUSD_<KEY>; the variable " +
  "FOOOCUSD_CONFIG_PATH names another file than config.txt. A list may be given by several flags: --models A --models B.";

/** A text in lines of so many columns; a word that is longer has a line of its own. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The table of docs/configuration.md. */
export function settingsTable(): string {
  const rows = settings.map(([key, schema]) => {
    const cells = [
      `\`${key}\``,
      schema.description ?? "",
      allowed(schema),
      `\`${JSON.stringify(schema.default)}\``,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| key | meaning | takes | default |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}
