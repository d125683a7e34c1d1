import { type EnhanceDraft, emptyEnhance, enhanceFields, enhanceOf } from "./enhance/enhance-draft.ts";
import { furtherSettings } from "./further-settings.ts";
import { textOf } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

/** What the form holds; texts as typed. */
export type Draft = Readonly<{
  prompt: string;
  negative: string;
  performance: string;
  size: string;
  seed: string;
  count: number;
  /** Null: what the server takes by itself. */
  styles: readonly string[] | null;
  enhance: EnhanceDraft;
  /** Fields that the form does not show, taken from a picture's settings. */
  further: Readonly<Record<string, unknown>>;
}>;

export const emptyDraft: Draft = {
  prompt: "",
  negative: "",
  performance: "Lightning",
  size: "",
  seed: "",
  count: 1,
  styles: null,
  enhance: emptyEnhance,
  further: {},
};

/** A request of the generate route. A field left empty is left out, so the server's own default holds. */
export function requestOf(draft: Draft): Readonly<Record<string, unknown>> {
  return {
    ...draft.further,
    prompt: draft.prompt,
    performance_selection: draft.performance,
    image_number: draft.count,
    ...(draft.negative === "" ? {} : { negative_prompt: draft.negative }),
    ...(draft.size === "" ? {} : { aspect_ratios_selection: draft.size }),
    // As text: the server reads all 64 bits of it, a number here would lose some.
    ...(draft.seed.trim() === "" ? {} : { image_seed: draft.seed.trim() }),
    ...(draft.styles === null ? {} : { style_selections: draft.styles }),
    ...enhanceFields(draft.enhance),
  };
}

/**
 * A record's settings in the form again.
 *
 * @param defaults the server's own values by field
 */
export function draftOf(
  { req_params: params }: TaskRecord,
  defaults: Readonly<Record<string, unknown>>,
): Draft {
  const text = (key: string): string => textOf(params[key]);
  const styles = params["style_selections"];
  const size = /^(\d+)\D+(\d+)/.exec(text("aspect_ratios_selection"));
  return {
    prompt: text("prompt"),
    negative: text("negative_prompt"),
    performance: text("performance_selection") || emptyDraft.performance,
    size: size === null ? "" : `${size[1]}*${size[2]}`,
    seed: text("image_seed"),
    count: Number(text("image_number")) || 1,
    styles: Array.isArray(styles) ? styles.filter((one) => typeof one === "string") : null,
    enhance: enhanceOf(params),
    further: furtherSettings(params, defaults),
  };
}
