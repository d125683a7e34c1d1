import type { TSchema } from "@sinclair/typebox";
import { ConfigSchema } from "./schema.ts";
import { allowed } from "./values.ts";

const settings = Object.entries<TSchema>(ConfigSchema.properties);

const flagOf = (key: string): string => `--${key.replaceAll("_", "-")}`;

/** The text of `--help`: a line or two a setting. */
export function helpText(): string {
  const lines = settings.map(([key, schema]) => {
    const facts = `${allowed(schema)}; default ${JSON.stringify(schema.default)}`;
    return `  ${flagOf(key).padEnd(24)} ${schema.description ?? ""}\n${" ".repeat(27)}(${facts})`;
  });
  return [
    "fooocusd: an SDXL image server in one binary",
    "",
    ...lines,
    "",
    "Flags of FooocusAPI: --listen [IP] (host; bare: 0.0.0.0), --apikey, --output-path, --base-url, --webhook-url,",
    "--preset, --disable-metadata. Every setting is also a key of config.txt and a variable FOOOCUSD_<KEY>; the variable",
    "FOOOCUSD_CONFIG_PATH names another file than config.txt. A list may be given by several flags: --models A --models B.",
    "--version says which version this is.",
    "",
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
