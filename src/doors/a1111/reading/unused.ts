import type { GenerationWords } from "../api/bodies.ts";

/** Samplers that draw new noise as if `eta` were 1. */
const noisy = /ancestral|sde|ddpm|lcm/;

/** What of a request changes a picture in A1111 and none here, a sentence each. */
export function unusedWords(words: GenerationWords, sampler: string): readonly string[] {
  const { eta, s_noise, s_churn, s_tmin, s_min_uncond, refiner_checkpoint } = words;
  const ownEta = noisy.test(sampler) ? 1 : 0;
  const usesEta = noisy.test(sampler) || sampler === "ddim";
  const told: readonly (readonly [boolean, string])[] = [
    [words.subseed_strength > 0, "subseed_strength: there are no variations of seeds here"],
    [
      words.seed_resize_from_w > 0 && words.seed_resize_from_h > 0,
      "seed_resize_from_w and seed_resize_from_h: seeds are not resized here",
    ],
    [words.restore_faces, "restore_faces: there is nothing that restores faces here"],
    [words.tiling, "tiling: pictures do not tile here"],
    [usesEta && eta !== null && eta !== ownEta, `eta ${eta}: ${sampler} is walked with eta ${ownEta} here`],
    [s_noise !== null && s_noise !== 1, `s_noise ${s_noise}: it is 1 here`],
    [s_churn !== null && s_churn > 0, `s_churn ${s_churn}: it is 0 here`],
    [s_tmin !== null && s_tmin > 0, `s_tmin ${s_tmin}: it is 0 here`],
    [s_min_uncond !== null && s_min_uncond > 0, `s_min_uncond ${s_min_uncond}: it is 0 here`],
    [isSaid(words.firstpass_image), "firstpass_image: use img2img"],
    [isSaid(words.infotext), "infotext: say its values as fields; png-info reads them"],
    [
      isSaid(refiner_checkpoint) && (words.refiner_switch_at ?? 0.8) < 0.1,
      "refiner_switch_at: it is 0.1 at least here",
    ],
  ];
  return told.flatMap(([isTold, said]) => (isTold ? [`Not used: ${said}.`] : []));
}

/** Whether a text says something. */
export const isSaid = (text: string | null): text is string => text !== null && text.trim() !== "";
