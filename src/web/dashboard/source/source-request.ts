import { exportMask } from "./export-mask.ts";
import { isUntouched, loadedAlone } from "./mask-history.ts";
import { pixelsOf } from "./outpaint-region.ts";
import { type SourceDraft, sides, takesPart } from "./source-draft.ts";
import { sourceOfParams } from "./source-of-record.ts";
import { type StartingPicture, sentPicture } from "./starting-picture.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields of a request that are about its picture; none where it takes no part. What is at the server's default is left
 * out.
 *
 * @throws Error when there is nothing to inpaint: no mask and no side
 */
export async function sourceRequest(draft: SourceDraft): Promise<Fields> {
  const { picture, tab } = draft;
  if (picture === undefined || !takesPart(draft)) return {};
  switch (tab) {
    case "uov":
      return { current_tab: tab, uov_input_image: await sentPicture(picture.sent), ...varyFields(draft) };
    case "enhance":
      return { current_tab: tab, enhance_input_image: await sentPicture(picture.sent) };
    case "inpaint":
      return {
        current_tab: tab,
        inpaint_input_image: await sentPicture(picture.sent),
        ...(await maskFields(draft, picture)),
        ...inpaintFields(draft),
      };
  }
}

function varyFields({ method, multiple, varyStrength, upscaleStrength }: SourceDraft): Fields {
  const varies = method.startsWith("Vary");
  return {
    uov_method: method,
    ...(method === "Upscale (Custom)" ? { upscale_multiple: multiple } : {}),
    ...(varies && varyStrength !== "" ? { overwrite_vary_strength: Number(varyStrength) } : {}),
    ...(!varies && upscaleStrength !== "" ? { overwrite_upscale_strength: Number(upscaleStrength) } : {}),
  };
}

async function maskFields(draft: SourceDraft, picture: StartingPicture): Promise<Fields> {
  const { mask, extensions, invert } = draft;
  const chosen = sides.filter((side) => extensions[side] !== null);
  const file = isUntouched(mask) ? undefined : await exportMask(mask, picture);
  if (file === undefined && chosen.length === 0)
    throw new Error("Paint over what is to be made anew, or choose a side to extend the picture.");
  return {
    ...(file === undefined
      ? {}
      : {
          inpaint_mask_image_upload: await sentPicture(loadedAlone(mask) ?? { file }),
          invert_mask_checkbox: invert,
        }),
    ...(chosen.length === 0
      ? {}
      : {
          outpaint_selections: chosen,
          outpaint_distance: sides.map((side) => pixelsOf(extensions[side])),
        }),
  };
}

function inpaintFields(draft: SourceDraft): Fields {
  const { additional, engine, strength, field, grow, noLatent } = draft;
  return {
    inpaint_strength: strength,
    inpaint_respective_field: field,
    ...(engine === "" ? {} : { inpaint_engine: engine }),
    ...(additional.trim() === "" ? {} : { inpaint_additional_prompt: additional }),
    ...(grow === 0 ? {} : { inpaint_erode_or_dilate: grow }),
    ...(noLatent ? { inpaint_disable_initial_latent: true } : {}),
  };
}

/** The fields of a record or a request that the picture to start from brings into the form, and out of it again. */
export function sourceNames(params: Fields): readonly string[] {
  const recorded = sourceOfParams(params);
  if (recorded === undefined) return [];
  const { tab, varyStrength, upscaleStrength, method = "" } = recorded.fields;
  switch (tab) {
    case "enhance":
      return ["enhance_input_image"];
    case "uov":
      return [
        "uov_input_image",
        "uov_method",
        ...(method === "Upscale (Custom)" ? ["upscale_multiple"] : []),
        ...(method.startsWith("Vary") && varyStrength !== "" ? ["overwrite_vary_strength"] : []),
        ...(method.startsWith("Upscale") && upscaleStrength !== "" ? ["overwrite_upscale_strength"] : []),
      ];
    case "inpaint":
      return [
        "inpaint_input_image",
        "outpaint_selections",
        "outpaint_distance",
        "inpaint_additional_prompt",
        "inpaint_engine",
        "inpaint_strength",
        "inpaint_respective_field",
        "inpaint_erode_or_dilate",
        "inpaint_disable_initial_latent",
        ...(recorded.mask === undefined ? [] : ["inpaint_mask_image_upload", "invert_mask_checkbox"]),
      ];
  }
}
