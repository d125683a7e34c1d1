import type { GenerateParams } from "#/api/generate.ts";
import { isImage } from "#/api/stored.ts";
import { RequestError } from "#/lib/errors.ts";

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
