import type { TSchema } from "@sinclair/typebox";
import type { Json } from "#/api/json.ts";
import { type OtherNames, unknownKeysWarning } from "#/api/unknown-keys.ts";
import { advancedFields } from "./body-objects.ts";
import type { ReadForm } from "./form.ts";
import { renamed } from "./to-generate.ts";

/** What FooocusAPI's clients call fields of the legacy API, and where those stand that it keeps apart. */
const otherNames: OtherNames = {
  called: {
    ...Object.fromEntries(Object.entries(renamed).map(([legacy, newer]) => [newer, legacy])),
    uov_input_image: "input_image",
    inpaint_input_image: "input_image",
    inpaint_mask: "input_mask",
    outpaint_distance: "outpaint_distance_left, _top, _right and _bottom",
    ...Object.fromEntries(advancedFields.map((name) => [name, `advanced_params.${name}`])),
  },
  harmless: ["advanced_params.inpaint_mask_upload_checkbox"],
};

/** What a JSON body says that nothing is done with, in one sentence or none. */
export function passedOver(schema: TSchema, body: Json): readonly string[] {
  const unknown = unknownKeysWarning(schema, body, otherNames);
  return unknown === undefined ? [] : [unknown];
}

/** The same of a form, whose `advanced_params` mean their defaults where they are no JSON. */
export function passedOverInForm(schema: TSchema, { values, unknown, unread }: ReadForm): readonly string[] {
  const body = { ...values, ...Object.fromEntries(unknown.map((name): [string, Json] => [name, null])) };
  return [
    ...unread.map(
      (name) => `${name} is not what it should be, a JSON text of its fields; its defaults were taken.`,
    ),
    ...passedOver(schema, body),
  ];
}
