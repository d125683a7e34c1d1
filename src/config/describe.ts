import { type TSchema, TypeGuard } from "@sinclair/typebox";
import { ConfigSchema } from "./schema.ts";

const settings = Object.entries<TSchema>(ConfigSchema.properties);

/** A flag's or a variable's text as its key's type; lists are separated by commas. */
export function fromText(schema: TSchema, text: string): unknown {
  if (TypeGuard.IsArray(schema)) return text === "" ? [] : text.split(",").map((part) => part.trim());
  if (TypeGuard.IsInteger(schema)) return /^-?\d+$/.test(text) ? Number(text) : text;
  if (TypeGuard.IsBoolean(schema)) {
    if (["true", "1"].includes(text)) return true;
    return ["false", "0"].includes(text) ? false : text;
  }
  return text;
}

/** What a key takes, in words. */
export function allowed(schema: TSchema): string {
  if (TypeGuard.IsUnion(schema)) return schema.anyOf.map((option) => String(option.const)).join(" | ");
  if (TypeGuard.IsArray(schema)) return `a list of ${allowed(schema.items)}`;
  if (TypeGuard.IsBoolean(schema)) return "true or false";
  if (!TypeGuard.IsInteger(schema)) return "text";
  const { minimum, maximum } = schema;
  const from = minimum === undefined ? "" : ` from ${minimum}`;
  return `a whole number${from}${maximum === undefined ? "" : ` to ${maximum}`}`;
}

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
