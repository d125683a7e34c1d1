import { type Choices, type Mode, noChoices } from "./choices.ts";
import { type EnhanceDraft, emptyEnhance, enhanceFields, enhanceOf } from "./enhance/enhance-draft.ts";
import { areSameLoras, type LoraDraft, loraFields, lorasOf } from "./settings/lora-draft.ts";
import { settingsOfParams } from "./settings/settings-of-params.ts";
import { textOf } from "./values.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the form holds; texts as typed. */
export type Draft = Readonly<{
  prompt: string;
  negative: string;
  /** Empty: see {@link modeName}. */
  performance: string;
  /** Empty: the server's own, as all that is empty or null. */
  size: string;
  seed: string;
  count: number;
  styles: readonly string[] | null;
  loras: readonly LoraDraft[] | null;
  enhance: EnhanceDraft;
  /** All else that is not left to the server, by field; numbers may be texts as typed. */
  settings: Fields;
}>;

export const emptyDraft: Draft = {
  prompt: "",
  negative: "",
  performance: "",
  size: "",
  seed: "",
  count: 1,
  styles: null,
  loras: null,
  enhance: emptyEnhance,
  settings: {},
};

/** What is quick, and so what is offered to somebody who has chosen nothing. */
const quick = "Lightning";

/** The performance mode that will be used: the chosen one, else the preset's, else a quick one if it is there. */
export function modeName(draft: Draft, { modes, defaults }: Choices = noChoices): string {
  if (draft.performance !== "") return draft.performance;
  const isQuick = draft.settings["preset"] === undefined && modes[quick]?.lacks === "";
  return isQuick ? quick : textOf(defaults["performance_selection"]);
}

/** The same mode with what it decides; undefined while the server has not said. */
export const modeOf = (draft: Draft, choices: Choices): Mode | undefined =>
  choices.modes[modeName(draft, choices)];

/** A request of the generate route. A field left empty is left out, so the server's own default holds. */
export function requestOf(draft: Draft, choices: Choices = noChoices): Fields {
  const mode = modeName(draft, choices);
  return {
    ...Object.fromEntries(Object.entries(draft.settings).map(([field, value]) => [field, sent(value)])),
    prompt: draft.prompt,
    image_number: draft.count,
    ...(mode === "" ? {} : { performance_selection: mode }),
    ...(draft.negative === "" ? {} : { negative_prompt: draft.negative }),
    ...(draft.size === "" ? {} : { aspect_ratios_selection: draft.size }),
    // As text: the server reads all 64 bits of it, a number here would lose some.
    ...(draft.seed.trim() === "" ? {} : { image_seed: draft.seed.trim() }),
    ...(draft.styles === null ? {} : { style_selections: draft.styles }),
    ...(draft.loras === null ? {} : { loras: loraFields(draft.loras) }),
    ...enhanceFields(draft.enhance),
  };
}

/** A number as typed; what is none is sent as it is, and the server says what is wrong with it. */
const sent = (value: unknown): unknown => {
  if (!isTyped(value)) return value;
  const number = Number(value.typed);
  return Number.isFinite(number) ? number : value.typed;
};

/** A number as it was typed, so that one that is half typed stays as it is. */
export type Typed = Readonly<{ typed: string }>;

export const isTyped = (value: unknown): value is Typed =>
  typeof value === "object" && value !== null && "typed" in value && typeof value.typed === "string";

/**
 * What a record or a request says, in the form again.
 *
 * @param params      fields, as records or as requests have them
 * @param defaults    what fields mean that are not said, for the preset and the model that these say
 * @param ofRegion    the same of a region's fields
 */
export function draftOf(params: Fields, defaults: Fields, ofRegion: Fields = {}): Draft {
  const text = (key: string): string => textOf(params[key]);
  const styles = params["style_selections"];
  const size = /^(\d+)\D+(\d+)/.exec(text("aspect_ratios_selection"));
  const loras = lorasOf(params["loras"]);
  const hasOwnLoras = params["loras"] !== undefined && !areSameLoras(loras, lorasOf(defaults["loras"]));
  return {
    prompt: text("prompt"),
    negative: text("negative_prompt"),
    performance: text("performance_selection") || textOf(defaults["performance_selection"]),
    size: size === null ? "" : `${size[1]}*${size[2]}`,
    seed: text("image_seed"),
    count: Number(text("image_number")) || 1,
    styles: Array.isArray(styles) ? styles.filter((one) => typeof one === "string") : null,
    loras: hasOwnLoras ? loras : null,
    enhance: enhanceOf(params, ofRegion),
    settings: settingsOfParams(params, defaults),
  };
}
