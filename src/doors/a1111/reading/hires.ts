import type { GenerateRequest } from "#/api/generate.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { RequestError } from "#/lib/errors.ts";
import type { TextToImageWords } from "../api/bodies.ts";
import { type AskedUpscaler, upscalerCalled } from "../upscalers.ts";
import { listIn } from "./typed.ts";
import { isSaid } from "./unused.ts";

/** What hires fix asks of a request. */
export type Hires = Readonly<{ request: GenerateRequest; warnings: readonly string[] }>;

/**
 * Hires fix: each picture is enlarged by the upscaling network and drawn over with its own texts.
 *
 * @throws RequestError for a strength of 0 and for a size of another shape
 */
export function readHires(words: TextToImageWords, catalog: Pick<Catalog, "names">): Hires {
  if (!words.enable_hr) return { request: {}, warnings: [] };
  if (words.denoising_strength <= 0) {
    const message =
      "With denoising_strength 0 nothing would be drawn over; say more, or enlarge with extra-single-image.";
    throw new RequestError("invalid-value", message, { field: "denoising_strength", value: 0 });
  }
  const upscaler = upscalerCalled(words.hr_upscaler, catalog);
  return {
    request: {
      upscaler_name: upscaler.by === "network" ? upscaler.file : "",
      enhance_checkbox: true,
      enhance_uov_method: "Upscale (Custom)",
      enhance_uov_processing_order: "Before First Enhancement",
      save_final_enhanced_image_only: true,
      upscale_multiple: factorOf(words),
      overwrite_upscale_strength: words.denoising_strength,
    },
    warnings: [...ofUpscaler(words.hr_upscaler, upscaler), ...warningsOf(words)],
  };
}

/** What is drawn over is enlarged by a network, whatever else is asked for; the server's own where none is named. */
function ofUpscaler(said: string | null, { by, ...rest }: AskedUpscaler): readonly string[] {
  if (by === "network" || !isSaid(said)) return [];
  const similar = "similar" in rest ? rest.similar : "";
  return [`Not used: hr_upscaler ${said.slice(0, 60)}${similar}; the server's own network enlarges.`];
}

function factorOf({ hr_resize_x: x, hr_resize_y: y, hr_scale, width, height }: TextToImageWords): number {
  if (x === 0 && y === 0) return hr_scale;
  const [wide, high] = [x / width, y / height];
  const factor = Math.max(wide, high);
  if (x > 0 && y > 0 && Math.abs(wide - high) * Math.min(width, height) >= 8) {
    const message = `hr_resize_x and hr_resize_y ask for ${x}×${y} of ${width}×${height}: nothing is cut off here, so both must be as many times their side, or one of them 0.`;
    throw new RequestError("invalid-value", message, { field: "hr_resize_x", value: x });
  }
  if (factor >= 1 && factor <= 5) return factor;
  const message = `hr_resize asks for ${factor.toFixed(2)} times the size; 1 to 5 can be.`;
  throw new RequestError("invalid-value", message, { field: x > 0 ? "hr_resize_x" : "hr_resize_y" });
}

function warningsOf(words: TextToImageWords): readonly string[] {
  const { hr_second_pass_steps: steps, hr_sampler_name: sampler } = words;
  const other = (said: string | null, same: string): boolean =>
    isSaid(said) && said !== same && !/^use same/i.test(said);
  const told: readonly (readonly [boolean, string])[] = [
    [
      steps > 0 && steps !== words.steps,
      `hr_second_pass_steps ${steps}: it has as many steps as the first, ${words.steps}`,
    ],
    [
      other(sampler, words.sampler_name ?? ""),
      `hr_sampler_name ${sampler ?? ""}: it has the sampler of the first`,
    ],
    [other(words.hr_scheduler, words.scheduler ?? ""), "hr_scheduler: it has the schedule of the first"],
    [other(words.hr_checkpoint_name, ""), "hr_checkpoint_name: it has the checkpoint of the first"],
    [other(words.hr_prompt, words.prompt), "hr_prompt: it has the prompt of the first"],
    [other(words.hr_negative_prompt, words.negative_prompt), "hr_negative_prompt: it has that of the first"],
    [
      listIn(words.hr_additional_modules, "hr_additional_modules").some((one) => one !== "Use same choices"),
      "hr_additional_modules: it has the VAE of the first",
    ],
    [
      words.hr_cfg !== null && words.hr_cfg !== words.cfg_scale,
      `hr_cfg ${words.hr_cfg}: it has the cfg_scale of the first, ${words.cfg_scale}`,
    ],
    [
      words.firstphase_width > 0 || words.firstphase_height > 0,
      "firstphase_width and firstphase_height: say width, height and hr_scale",
    ],
  ];
  return told.flatMap(([isTold, said]) => (isTold ? [`Not used: ${said}.`] : []));
}
