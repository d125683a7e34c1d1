import type { TSchema } from "@sinclair/typebox";
import { factsOf, flagOf } from "./flags.ts";
import { type ConfigKey, ConfigSchema } from "./schema.ts";
import { allowed } from "./values.ts";

const settings = Object.entries<TSchema>(ConfigSchema.properties) as readonly [ConfigKey, TSchema][];

/** What `--help` says of the settings: a line or two each. */
export function settingsHelp(): string {
  const lines = settings.map(
    ([key, schema]) =>
      `  ${flagOf(key).padEnd(24)} ${schema.description ?? ""}\n${" ".repeat(27)}(${factsOf(key)})`,
  );
  return [
    "Settings of the server:",
    ...lines,
    "",
    "Flags of FooocusAPI: --listen [IP] (host; bare: 0.0.0.0), --apikey, --output-path, --base-url, --webhook-url,",
    "--preset, --disable-metadata. Every setting is also a key of config.txt and a variable FOOOCUSD_<KEY>; the variable",
    "FOOOCUSD_CONFIG_PATH names another file than config.txt. A list may be given by several flags: --models A --models B.",
  ].join("\n");
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
