import type { GenerateParams } from "#/api/generate.ts";
import { isImage } from "#/api/stored.ts";
import { RequestError } from "#/lib/errors.ts";
import { controlSlots } from "./control-slots.ts";

/** Kinds of control images that are not built yet. */
const otherControls: readonly string[] = ["ImagePrompt", "FaceSwap"];

/**
 * Refuses a request that uses what is not there: never a silently different picture.
 *
 * @throws RequestError `not-implemented` naming the field
 */
export function refuseNotYet(params: GenerateParams): void {
  const slot = controlSlots(params).find(
    ({ type, idle }) => idle === undefined && otherControls.includes(type),
  );
  if (slot === undefined) return;
  const { type, field } = slot;
  const message = `A control image of the type ${type} is not there yet in this version; take PyraCanny or CPDS in ${field}.cn_type, or leave the image out.`;
  throw new RequestError("not-implemented", message, { field: `${field}.cn_type`, value: type });
}

/** The image that a tab is about. */
const tabImages = { inpaint: "inpaint_input_image", enhance: "enhance_input_image" } as const;

/**
 * Refuses a request that says it is about an image and brings none: it would be made from the prompt alone.
 *
 * @throws RequestError `invalid-value`
 */
export function refuseEmptyTab(params: GenerateParams): void {
  const { current_tab: tab } = params;
  if ((tab !== "inpaint" && tab !== "enhance") || isImage(params[tabImages[tab]])) return;
  const message = `current_tab says ${tab}, and there is no image in ${tabImages[tab]}.`;
  throw new RequestError("invalid-value", message, { field: "current_tab", value: tab });
}
