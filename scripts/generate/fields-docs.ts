import type { TObject, TSchema } from "@sinclair/typebox";
import { CommonRequest } from "#/api/generate.ts";
import { EnhanceCtrlNets, ImagePrompt, Lora } from "#/api/generate-objects.ts";
import { textLimits } from "#/pipeline/text/limits.ts";
import { promptLimits } from "#/recipe/prompt-limits.ts";

/** The text of docs/fields.md; a test compares the file with it. */
export function fieldsPage(): string {
  return `# Fields of a request

<!-- Made by \`npm run bun -- scripts/generate/fields-docs.ts\` from src/api/generate.ts; do not edit. -->

The body of \`POST /v1/engine/generate/\` (see [api.md](api.md)), and \`request\` of \`generate\` on the [live channel](live.md).
No field of it is required. The defaults here are FooocusAPI's; the preset, the checkpoint, \`config.txt\` and the environment
may say otherwise ([configuration.md](configuration.md)). Bounds are inclusive. Numbers and switches may come as text. A list
that is too long is refused without being looked into.

\`prompt\` and \`negative_prompt\` have bounds of another kind, which nothing that people write comes near to: ${promptLimits.characters}
characters each and ${promptLimits.wildcards} wildcards; with its wildcards and styles, a side of the guidance may have
${promptLimits.styledCharacters} characters and ${textLimits.sections} sections of 75 tokens, words of ${textLimits.word} characters and ${textLimits.marks} accents in a row;
${textLimits.depth} brackets around a word, and weights from ${-textLimits.weight} to ${textLimits.weight}. What is beyond is a 422 with the field's name.

${tableOf(CommonRequest)}
## A LoRA slot

${tableOf(Lora)}
## A control image slot

${tableOf(ImagePrompt)}
## An enhancement region

${tableOf(EnhanceCtrlNets)}`;
}

function tableOf({ properties, requiredKeys }: TObject): string {
  const required = requiredKeys as readonly string[];
  const rows = Object.entries(properties).map(([name, schema]) => {
    const fallback = required.includes(name) ? "must be given" : defaultOf(schema);
    const cells = [code(name), typeOf(schema), fallback, boundsOf(schema), schema.description ?? ""];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| field | type | default | bounds | what |", "| --- | --- | --- | --- | --- |", ...rows, ""].join(
    "\n",
  );
}

const code = (text: string): string => `\`${text}\``;

/** The schema of a value that is not null. */
const inner = (schema: TSchema): TSchema =>
  (schema.anyOf as readonly TSchema[] | undefined)?.find(({ type }) => type !== "null") ?? schema;

const words: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
};

function typeOf(schema: TSchema): string {
  const { type, enum: values, items, title } = inner(schema);
  const orNull = schema.anyOf === undefined ? "" : " or null";
  if (type === "array") return `list of ${typeOf(items)}${orNull}`;
  if (type === "object") return code(title ?? "object");
  if (values !== undefined) return (values as readonly string[]).map(code).join(", ");
  return `${words[type] ?? type}${orNull}`;
}

/** Slots are shown below the table of fields, so a list of them is told by its length. */
function defaultOf({ default: fallback, items }: TSchema): string {
  if (fallback === undefined) return "";
  if (Array.isArray(fallback) && fallback.length > 0 && items.type === "object")
    return `${fallback.length === 1 ? "one" : `${fallback.length}, the first`} ${code(JSON.stringify(fallback[0]))}`;
  return code(JSON.stringify(fallback));
}

function boundsOf(schema: TSchema): string {
  const { minimum, maximum, maxItems } = inner(schema);
  if (maxItems !== undefined) return `at most ${maxItems} items`;
  return minimum === undefined && maximum === undefined ? "" : `${minimum ?? ""} to ${maximum ?? ""}`;
}

if (import.meta.main) await Bun.write(new URL("../../docs/fields.md", import.meta.url), fieldsPage());
