import type { ReferenceSchema } from "./reference-document.ts";
import { link, text } from "./reference-html.ts";

/** A schema as a table of its properties, or in a line. */
export function schemaOf(schema: ReferenceSchema): string {
  const { properties, required = [], description } = schema;
  if (properties === undefined) return `<p>${typeOf(schema)}</p>`;
  const rows = Object.entries(properties).map(([name, property]) => {
    const must = required.includes(name) ? ", required" : "";
    return `<tr><td><code>${text(name)}</code></td><td>${typeOf(property)}${must}</td><td>${text(property.description ?? "")}</td></tr>`;
  });
  return `<p>${text(description ?? "")}</p><table>${rows.join("")}</table>`;
}

/** What a value may be, in a line. */
export function typeOf(schema: ReferenceSchema): string {
  const { $ref, type, enum: values, items, anyOf, oneOf, minimum, maximum, default: fallback } = schema;
  const alternatives = anyOf ?? oneOf;
  const kind =
    $ref !== undefined
      ? link($ref.split("/").at(-1) ?? "")
      : values !== undefined
        ? values.map((value) => `<code>${text(JSON.stringify(value))}</code>`).join(" | ")
        : alternatives !== undefined
          ? alternatives.map(typeOf).join(" | ")
          : items !== undefined
            ? `list of ${typeOf(items)}`
            : text(type ?? "anything");
  const range = minimum === undefined && maximum === undefined ? "" : ` ${minimum ?? ""}..${maximum ?? ""}`;
  return `${kind}${range}${fallback === undefined ? "" : ` = <code>${text(JSON.stringify(fallback))}</code>`}`;
}
