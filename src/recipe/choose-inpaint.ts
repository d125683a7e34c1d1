import type { GenerateParams } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import type { ChosenSource } from "./choose-source.ts";
import { chooseUpscaler, type UpscalerRule } from "./choose-upscaler.ts";
import { goalsOf } from "./goals.ts";
import { engineField, inpaintEngine } from "./inpaint-engine.ts";
import type { InputPicture } from "./input-pictures.ts";
import type { InpaintSource, ModelName, Outpaint } from "./recipe.ts";

/** The picture of a request of which a part is painted anew, and what must be told of it. */
export type ChosenInpaint = ChosenSource &
  Readonly<{
    source: InpaintSource;
    /** What its engine adds to the denoising network's weights. */
    patch?: ModelName;
  }>;

/** What there is to paint anew with. */
export type InpaintWorld = Readonly<{
  /** Size number that the checkpoint draws best at. */
  working: number;
  /** Files of the inpaint folder. */
  inpaintFiles: readonly string[];
  upscalers: Readonly<{ files: readonly string[]; rule: UpscalerRule }>;
}>;

/** The field that brings the picture. */
const pictureField = "inpaint_input_image";

/** The sides in the order of `outpaint_distance`. */
const sides = ["Left", "Top", "Right", "Bottom"] as const;
const ours = { Left: "left", Top: "top", Right: "right", Bottom: "bottom" } as const;

/**
 * What of a request's picture is painted anew, and how (pipeline section 11).
 *
 * @param pictures   those of the recipe, in its order
 * @returns undefined where the request is about something else
 * @throws RequestError `invalid-value` for a strength of 0, `missing-model` where an engine's files are not there
 */
export function chooseInpaint(
  params: GenerateParams,
  pictures: readonly InputPicture[],
  { working, inpaintFiles, upscalers }: InpaintWorld,
): ChosenInpaint | undefined {
  const place = (field: string): number => pictures.findIndex((one) => one.field === field);
  const picture = place(pictureField);
  if (picture === -1 || !goalsOf(params).inpaint) return undefined;
  const mask = place("inpaint_mask_image_upload");
  const outpaint = outpaintOf(params);
  const { strength, field, warnings } = extent(params, Object.keys(outpaint).length > 0);
  const engine = inpaintEngine(params.inpaint_engine, inpaintFiles);
  // Only a small part is enlarged, and that is no reason to refuse a picture.
  const rule = { ...upscalers.rule, without: "lanczos" } as const;
  const enlarging = chooseUpscaler(upscalers.files, rule, pictureField);
  const source: InpaintSource = {
    kind: "inpaint",
    picture,
    ...(mask === -1 ? {} : { mask }),
    grow: params.inpaint_erode_or_dilate,
    invert: params.invert_mask_checkbox,
    outpaint,
    field,
    strength,
    startEmpty: params.inpaint_disable_initial_latent,
    working,
    enlarge: { by: enlarging.by, tell: enlarging.warning !== undefined },
    show: params.debugging_inpaint_preprocessor ? "preparation" : "result",
  };
  const parts = [
    ...(engine === undefined ? [] : [{ ...engine.head, field: engineField }]),
    ...(enlarging.by === "lanczos"
      ? []
      : [{ kind: "upscale_models", name: enlarging.file, field: pictureField } as const]),
  ];
  return { source, parts, warnings, ...(engine === undefined ? {} : { patch: engine.patch }) };
}

/** The prompt of a request whose picture is painted anew: the words for that place come first, and styles go around them. */
export function inpaintPrompt({ prompt, inpaint_additional_prompt: own }: GenerateParams): string {
  if (own === "") return prompt;
  return prompt === "" ? own : `${own}\n${prompt}`;
}

function outpaintOf({ outpaint_selections: chosen, outpaint_distance: distances }: GenerateParams): Outpaint {
  const isSaid = distances.length >= sides.length;
  return Object.fromEntries(
    sides.flatMap((side, index) => {
      const pixels = isSaid ? (distances[index] ?? 0) : 0;
      return chosen.includes(side) ? [[ours[side], pixels > 0 ? pixels : null]] : [];
    }),
  );
}

type Extent = Readonly<{ strength: number; field: number; warnings: readonly string[] }>;

/** How strongly, and with how much around it. A picture that is continued is looked at as a whole. */
function extent(params: GenerateParams, continued: boolean): Extent {
  const { inpaint_strength: strength, inpaint_respective_field: field } = params;
  if (continued) {
    const told =
      strength === 1
        ? []
        : [
            `A picture that goes on beyond its sides is painted at inpaint_strength 1: ${strength} was not used.`,
          ];
    return { strength: 1, field: 1, warnings: told };
  }
  if (strength <= 0) {
    const message = "inpaint_strength 0 would change nothing; say more than 0, up to 1.";
    throw new RequestError("invalid-value", message, { field: "inpaint_strength", value: strength });
  }
  if (params.inpaint_disable_initial_latent && strength < 1) {
    const told = `With inpaint_disable_initial_latent there is nothing to keep a part of: inpaint_strength ${strength} was taken as 1.`;
    return { strength: 1, field, warnings: [told] };
  }
  return { strength, field, warnings: [] };
}
