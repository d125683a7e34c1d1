import type { ImageMetadata } from "./metadata.ts";
import { type PyValue, pyFloat, pyJson, pyList, pyTuple } from "./python-text.ts";

/** Fooocus' own scheme: one JSON object, keys sorted, written as Python's `json.dumps` does (http-api section 14). */
export function writeFooocus(m: ImageMetadata): string {
  return pyJson({
    adm_guidance: pyTuple([m.adm.positive, m.adm.negative, m.adm.end]),
    base_model: m.baseModel,
    base_model_hash: m.baseModelHash,
    full_negative_prompt: m.fullNegativePrompt,
    full_prompt: m.fullPrompt,
    guidance_scale: { float: m.guidanceScale },
    loras: m.loras.map((lora) => [lora.name, { float: lora.weight }, lora.hash]),
    metadata_scheme: "fooocus",
    negative_prompt: m.negativePrompt,
    performance: m.performance,
    prompt: m.prompt,
    prompt_expansion: m.promptExpansion,
    refiner_model: m.refinerModel,
    refiner_switch: { float: m.refinerSwitch },
    resolution: `(${m.width}, ${m.height})`,
    sampler: m.sampler,
    scheduler: m.scheduler,
    seed: m.seed.toString(),
    sharpness: { float: m.sharpness },
    steps: m.steps,
    styles: pyList(m.styles),
    vae: m.vae,
    version: m.version,
    ...optional(m),
  });
}

function optional(m: ImageMetadata): Record<string, PyValue> {
  const values: Record<string, PyValue> = {};
  if (m.adaptiveCfg !== undefined) values.adaptive_cfg = { float: m.adaptiveCfg };
  if (m.clipSkip > 1) values.clip_skip = m.clipSkip;
  if (m.freeu !== undefined) values.freeu = pyTuple(m.freeu);
  if (m.overwriteSwitch !== undefined) values.overwrite_switch = m.overwriteSwitch;
  if (m.refinerModelHash !== undefined) values.refiner_model_hash = m.refinerModelHash;
  if (m.refinerSwapMethod !== undefined) values.refiner_swap_method = m.refinerSwapMethod;
  if (m.precision !== undefined) values.precision = m.precision;
  if (m.cache !== undefined) values.cache = { float: m.cache };
  if (m.cfgUntil !== undefined) values.cfg_until = { float: m.cfgUntil };
  if (m.imageInput !== undefined) values.image_input = m.imageInput;
  if (m.createdBy !== undefined && m.createdBy !== "") values.created_by = m.createdBy;
  for (const [index, lora] of m.loras.entries()) {
    values[`lora_combined_${index + 1}`] = `${lora.name} : ${pyFloat(lora.weight)}`;
  }
  return values;
}

/**
 * Reads the scheme back, whoever wrote it: the object as it is, a text for the seed so that no digit is lost.
 *
 * @returns undefined if the text is not a JSON object
 */
export function readFooocus(text: string): Readonly<Record<string, unknown>> | undefined {
  // A seed written as a bare number would lose digits above 2^53 in JSON.parse.
  const exact = text.replace(/("seed"\s*:\s*)(-?\d+)(?=\s*[,}])/, '$1"$2"');
  try {
    const value: unknown = JSON.parse(exact);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
