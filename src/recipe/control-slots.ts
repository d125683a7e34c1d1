import type { GenerateParams } from "#/api/generate.ts";
import type { controlNetTypes } from "#/api/generate-objects.ts";
import { recommendedControl } from "#/api/recommended-control.ts";
import { isImage, tabOf } from "#/api/stored.ts";

/** A slot of control images that holds one. */
export type ControlSlot = Readonly<{
  /** As a dotted path. */
  field: string;
  image: string;
  type: (typeof controlNetTypes)[number];
  weight: number;
  stop: number;
  /** Why it takes no part; undefined where it does. */
  idle: string | undefined;
}>;

/** The slots of a request that hold an image. One of weight 0, or that stops at 0, is as good as none. */
export const controlSlots = (params: GenerateParams): readonly ControlSlot[] =>
  params.controlnet_image.flatMap(({ cn_img, cn_type: type, cn_weight, cn_stop }, index) => {
    if (!isImage(cn_img)) return [];
    const usual = recommendedControl[type];
    const how = { weight: cn_weight ?? usual.weight, stop: cn_stop ?? usual.stop };
    const idle = idleFor(params, how);
    return [{ field: `controlnet_image.${index}`, image: cn_img, type, ...how, idle }];
  });

/** Such an image is what the request is about, unless another one comes first that it is not mixed with. */
function idleFor(
  params: GenerateParams,
  { weight, stop }: Pick<ControlSlot, "weight" | "stop">,
): string | undefined {
  const { mixing_image_prompt_and_vary_upscale: withUov, mixing_image_prompt_and_inpaint: withInpaint } =
    params;
  if (tabOf(params) !== "ip" && !withUov && !withInpaint) return "enhance_input_image comes first";
  if (params.debugging_cn_preprocessor) return undefined;
  if (weight === 0) return "its cn_weight is 0";
  return stop === 0 ? "its cn_stop is 0" : undefined;
}
