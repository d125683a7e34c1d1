import { type Draft, emptyDraft } from "../draft.ts";
import { enhanceFields, enhanceOf } from "../enhance/enhance-draft.ts";
import { loraFields, lorasOf } from "../settings/lora-draft.ts";
import { isObject, textOf } from "../values.ts";
import { like } from "./like.ts";

/** The form's texts and numbers as they are kept: lists of objects in the words of a request. */
export const keptDraft = (draft: Draft) => ({
  ...draft,
  loras: draft.loras === null ? null : loraFields(draft.loras),
  enhance: { on: draft.enhance.on, fields: enhanceFields({ ...draft.enhance, on: true }) },
});

/** The same back. */
export function draftOfKept(kept: unknown): Draft {
  if (!isObject(kept)) return emptyDraft;
  const { styles, loras, enhance, settings } = kept;
  const fields = isObject(enhance) && isObject(enhance["fields"]) ? enhance["fields"] : {};
  const regions: readonly unknown[] = Array.isArray(fields["enhance_ctrls"]) ? fields["enhance_ctrls"] : [];
  const names = regions.filter(isObject).flatMap((region) => Object.keys(region));
  return {
    ...like(emptyDraft, kept),
    styles: Array.isArray(styles) ? styles.map(textOf) : null,
    loras: Array.isArray(loras) ? lorasOf(loras) : null,
    enhance: {
      ...enhanceOf(fields, Object.fromEntries(names.map((name) => [name, undefined]))),
      on: isObject(enhance) && enhance["on"] === true,
    },
    settings: isObject(settings) ? settings : {},
  };
}
