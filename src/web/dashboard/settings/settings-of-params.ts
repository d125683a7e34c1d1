import { controlNames } from "../control/control-request.ts";
import { enhanceNames } from "../enhance/enhance-draft.ts";
import { sourceNames } from "../source/source-request.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What other parts of the form hold; how an answer is to come; and what every record says alike, whatever was asked for. The
 * last are about a page that FooocusAPI itself has none of.
 */
const elsewhere = new Set<string>([
  ..."prompt negative_prompt style_selections performance_selection aspect_ratios_selection image_number image_seed loras".split(
    " ",
  ),
  ..."stream_output require_base64 async_process webhook_url".split(" "),
  ..."input_image_checkbox current_tab".split(" "),
  ...controlNames,
  ...enhanceNames,
]);

/**
 * Settings of a record or a request that are other than the server's own, whatever they are: none is dropped.
 *
 * @param params   as they were said
 * @param defaults what the fields mean that are not said
 */
export function settingsOfParams(params: Fields, defaults: Fields): Fields {
  const held = new Set([...elsewhere, ...sourceNames(params)]);
  return Object.fromEntries(
    Object.entries(params).filter(
      ([field, value]) =>
        !held.has(field) &&
        field in defaults &&
        JSON.stringify(plain(value)) !== JSON.stringify(plain(defaults[field])),
    ),
  );
}

/** No picture and no text are written in several ways. */
const plain = (value: unknown): unknown => (value === "None" || value === null ? "" : value);
