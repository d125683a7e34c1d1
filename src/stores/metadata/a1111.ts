import type { ImageMetadata } from "./metadata.ts";
import { pyFloat, pyTuple } from "./python-text.ts";

/** Sampler names of the other program; one that is not listed is written unchanged, and never called Karras. */
export const a1111Samplers: Readonly<Record<string, string>> = {
  euler: "Euler",
  euler_ancestral: "Euler a",
  heun: "Heun",
  dpm_2: "DPM2",
  dpm_2_ancestral: "DPM2 a",
  lms: "LMS",
  dpm_fast: "DPM fast",
  dpm_adaptive: "DPM adaptive",
  dpmpp_2s_ancestral: "DPM++ 2S a",
  dpmpp_sde: "DPM++ SDE",
  dpmpp_sde_gpu: "DPM++ SDE",
  dpmpp_2m: "DPM++ 2M",
  dpmpp_2m_sde: "DPM++ 2M SDE",
  dpmpp_2m_sde_gpu: "DPM++ 2M SDE",
  lcm: "LCM",
  tcd: "TCD",
  restart: "Restart",
  ddim: "DDIM",
  uni_pc: "UniPC",
};

/** The parameters text of the A1111 web UI: prompt, negative prompt, one line of pairs (http-api section 14). */
export function writeA1111(m: ImageMetadata): string {
  const pairs: (readonly [string, string])[] = [
    ["Steps", String(m.steps)],
    ["Sampler", samplerName(m)],
    ["Seed", m.seed.toString()],
    ["Size", `${m.width}x${m.height}`],
    ["CFG scale", pyFloat(m.guidanceScale)],
    ["Sharpness", pyFloat(m.sharpness)],
    ["ADM Guidance", pyTuple([m.adm.positive, m.adm.negative, m.adm.end])],
    ["Model", m.baseModel],
    ["Model hash", m.baseModelHash],
    ["Performance", m.performance],
    ["Scheduler", m.scheduler],
    ["VAE", m.vae],
    ["Raw prompt", m.prompt],
    ["Raw negative prompt", m.negativePrompt],
  ];
  pairs.push(...optional(m));
  if (m.loras.length > 0) {
    pairs.push(["Lora hashes", m.loras.map(({ name, hash }) => `${name}: ${hash}`).join(", ")]);
    pairs.push(["Lora weights", m.loras.map(({ name, weight }) => `${name}: ${pyFloat(weight)}`).join(", ")]);
  }
  pairs.push(["Version", m.version]);
  if (m.createdBy !== undefined && m.createdBy !== "") pairs.push(["User", m.createdBy]);

  const negative = m.fullNegativePrompt.join(", ");
  return [
    m.fullPrompt.join(", "),
    ...(negative === "" ? [] : [`Negative prompt: ${negative}`]),
    pairs.map(([name, value]) => `${name}: ${quoted(value)}`).join(", "),
  ]
    .join("\n")
    .trim();
}

function samplerName({ sampler, scheduler }: ImageMetadata): string {
  const translated = a1111Samplers[sampler];
  if (translated === undefined) return sampler;
  return scheduler === "karras" ? `${translated} Karras` : translated;
}

function optional(m: ImageMetadata): readonly (readonly [string, string])[] {
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["Refiner", m.refinerModel === "None" ? undefined : m.refinerModel],
    ["Refiner hash", m.refinerModelHash],
    ["Adaptive CFG", m.adaptiveCfg === undefined ? undefined : pyFloat(m.adaptiveCfg)],
    ["Clip skip", m.clipSkip > 1 ? String(m.clipSkip) : undefined],
    ["Overwrite Switch", m.overwriteSwitch?.toString()],
    ["Refiner Swap Method", m.refinerSwapMethod],
    ["Precision", m.precision],
    ["Cache", m.cache === undefined ? undefined : pyFloat(m.cache)],
    ["CFG until", m.cfgUntil === undefined ? undefined : pyFloat(m.cfgUntil)],
    ["Image input", m.imageInput],
    ["FreeU", m.freeu === undefined ? undefined : pyTuple(m.freeu)],
  ];
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/**
 * A value that would be cut in two is written as a JSON string; so is one that begins with a quotation mark, which a
 * reader would take for such a string.
 */
const quoted = (value: string): string => (/^"|[,:\n]/.test(value) ? JSON.stringify(value) : value);

/** Names are short: without a limit, a long text without colons would be read from each of its letters on. */
const pair = /\s{0,9}(\w[\w \-/]{0,60}?):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)/g;

/** Without one of these a line of pairs is somebody's prose. */
const telling: readonly string[] = ["Steps", "Sampler", "Seed", "Size", "CFG scale", "Model"];

/**
 * Reads the parameters text back, also one written by other programs of that family.
 *
 * @returns the pairs by name, with `Prompt` and `Negative prompt`; undefined if there is no line of pairs
 */
export function readA1111(text: string): Readonly<Record<string, string>> | undefined {
  const lines = text.trimEnd().split(/\r\n?|\n/);
  const last = lines.pop() ?? "";
  const pairs = [...last.matchAll(pair)];
  if (pairs.length < 3 || !pairs.some(([, name = ""]) => telling.includes(name))) return undefined;

  const values: Record<string, string> = {};
  const negativeAt = lines.findIndex((line) => line.startsWith("Negative prompt:"));
  const positive = negativeAt < 0 ? lines : lines.slice(0, negativeAt);
  values.Prompt = positive.join("\n");
  if (negativeAt >= 0) {
    values["Negative prompt"] = lines.slice(negativeAt).join("\n").slice("Negative prompt:".length).trim();
  }
  for (const [, name = "", value = ""] of pairs) values[name] = unquoted(value.trim());
  return values;
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === "string" ? text : value;
  } catch {
    return value;
  }
}
