import { type SourceDraft, takesPart } from "../source/source-draft.ts";
import { sentPicture } from "../source/starting-picture.ts";
import { type ControlDraft, emptyControl, isGuided, type SlotDraft, strengthsOf } from "./control-draft.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields of a request that are about its control images; none where there is none. Places before the last picture are
 * sent empty, so that a field's number in an answer is that of the place on the page.
 *
 * @param only the one place whose picture is sent; undefined sends all
 */
export async function controlRequest(draft: ControlDraft, only?: number): Promise<Fields> {
  const slots = draft.slots.filter((_, at) => only === undefined || at <= only);
  const last = slots.findLastIndex(({ picture }) => picture !== undefined);
  if (last < 0) return {};
  const sent = slots
    .slice(0, last + 1)
    .map(async (slot, at) => (only === undefined || at === only ? await slotFields(slot) : nothing));
  return { ...optionFields(draft), controlnet_image: await Promise.all(sent) };
}

/** A place without a picture. */
const nothing = { cn_img: null };

async function slotFields(slot: SlotDraft): Promise<Fields> {
  const { picture, type } = slot;
  if (picture === undefined) return nothing;
  const { stop, weight } = strengthsOf(slot);
  return { cn_img: await sentPicture(picture.sent), cn_type: type, cn_stop: stop, cn_weight: weight };
}

/** What is at the server's default is left out. */
function optionFields({ mixVary, mixInpaint, skip, cannyLow, cannyHigh, softness }: ControlDraft): Fields {
  return {
    ...(mixVary ? { mixing_image_prompt_and_vary_upscale: true } : {}),
    ...(mixInpaint ? { mixing_image_prompt_and_inpaint: true } : {}),
    ...(skip ? { skipping_cn_preprocessor: true } : {}),
    ...(cannyLow === emptyControl.cannyLow ? {} : { canny_low_threshold: cannyLow }),
    ...(cannyHigh === emptyControl.cannyHigh ? {} : { canny_high_threshold: cannyHigh }),
    ...(softness === emptyControl.softness ? {} : { controlnet_softness: softness }),
  };
}

/** The names of these fields, which the form holds in places of their own. */
export const controlNames = [
  "controlnet_image",
  "mixing_image_prompt_and_vary_upscale",
  "mixing_image_prompt_and_inpaint",
  "skipping_cn_preprocessor",
  "canny_low_threshold",
  "canny_high_threshold",
  "controlnet_softness",
] as const;

/** Whether control images keep the picture to start from out: they come first, unless both are mixed. */
export function keepsOut(control: ControlDraft, source: SourceDraft): boolean {
  if (!isGuided(control) || !takesPart(source)) return false;
  switch (source.tab) {
    case "uov":
      return !control.mixVary;
    case "inpaint":
      return !control.mixInpaint;
    case "enhance":
      return false;
  }
}
