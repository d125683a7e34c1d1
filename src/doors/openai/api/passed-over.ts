import type { JsonObject } from "#/api/json.ts";
import { unknownKeysWarning } from "#/api/unknown-keys.ts";
import { type ImageJob, imageFields } from "./fields.ts";

/** Fields of OpenAI's that are not used: what they may say that is so anyway, and what to do instead. */
const unused: Readonly<Record<string, Readonly<{ harmless: readonly string[]; instead: string }>>> = {
  background: { harmless: ["auto", "opaque"], instead: "every picture is opaque" },
  moderation: { harmless: ["auto"], instead: "the server's own settings decide what is looked for" },
  style: { harmless: [], instead: "styles names styles, as /v1/engines/styles lists them" },
  user: { harmless: [], instead: "nothing is kept of who asked" },
  safety_identifier: { harmless: [], instead: "nothing is kept of who asked" },
};

/** A body without what says nothing (null, as OpenAI's clients may send it) and what is not used, and what to tell of it. */
export function withoutUnused(body: JsonObject): Readonly<{ used: JsonObject; warnings: readonly string[] }> {
  const given = Object.entries(body).filter(([, value]) => value !== null);
  const warnings = given.flatMap(([name, value]) => {
    const known = Object.hasOwn(unused, name) ? unused[name] : undefined;
    const isHarmless = typeof value === "string" && known?.harmless.includes(value);
    if (known === undefined || isHarmless === true || value === "") return [];
    return [`${name} was not used: ${known.instead}.`];
  });
  return { used: Object.fromEntries(given.filter(([name]) => !Object.hasOwn(unused, name))), warnings };
}

/** What fields of other APIs are called here. */
const called = {
  image_seed: "seed",
  overwrite_step: "steps",
  performance_selection: "performance",
  style_selections: "styles",
  image_number: "n",
  aspect_ratios_selection: "size",
  base_model_name: "model",
  num_inference_steps: "steps",
};

/** The sentence of the fields nobody knows, or none. */
export function unknownFields(job: ImageJob, body: JsonObject): readonly string[] {
  return [unknownKeysWarning(imageFields[job], body, { called, harmless: [] }) ?? []].flat();
}
