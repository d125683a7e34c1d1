import { factsOf } from "./facts.ts";
import type { ReadMetadata } from "./metadata.ts";

/**
 * What a `log.html` of Fooocus says of its day's pictures, by the names of their files. Fooocus writes nothing into its
 * pictures unless it is told to, so for most of them this is all that is known. What cannot be read is left out.
 *
 * Since 2.2 each entry has a button that copies the values under the names of the picture's own metadata; before, a table
 * with labels is all there is.
 */
export function readFooocusLog(html: string): ReadonlyMap<string, ReadMetadata> {
  const entries = html.split(/<div id="[^"]*" class="image-container">/).slice(1);
  return new Map(
    entries.flatMap((entry) => {
      const name = /<a href="([^"]+)"/.exec(entry)?.[1];
      const values = valuesOfButton(entry) ?? valuesOfTable(entry);
      if (name === undefined || Object.keys(values).length === 0) return [];
      const text = JSON.stringify(values);
      return [[name, { scheme: "fooocus", text, values, facts: factsOf("fooocus", values) }] as const];
    }),
  );
}

type Values = Readonly<Record<string, unknown>>;

function valuesOfButton(entry: string): Values | undefined {
  const text = /to_clipboard\('([^']*)'\)/.exec(entry)?.[1];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(decodeURIComponent(text));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Labels whose key is not the label itself in small letters with underscores. */
const otherKeys: Readonly<Record<string, string>> = {
  "Fooocus V2 Expansion": "prompt_expansion",
  "CFG Mimicking from TSNR": "adaptive_cfg",
};

function valuesOfTable(entry: string): Values {
  const rows = entry.matchAll(
    /<tr><td class='(?:key|label)'>([^<]*)<\/td><td class='value'>([\s\S]*?)<\/td><\/tr>/g,
  );
  return Object.fromEntries(
    [...rows].map(([, label = "", value = ""]) => [keyOf(label), value.replaceAll(" </br> ", "\n")]),
  );
}

function keyOf(label: string): string {
  const lora = /^LoRA (\d+)$/.exec(label)?.[1];
  if (lora !== undefined) return `lora_combined_${lora}`;
  return otherKeys[label] ?? label.toLowerCase().replaceAll(" ", "_");
}
