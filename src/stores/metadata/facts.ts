import { type Method, methodOf } from "./a1111-schedules.ts";
import type { ImageMetadata, LoraFact, MetadataScheme } from "./metadata.ts";
import { readPyList } from "./python-text.ts";

type Values = Readonly<Record<string, unknown>>;

/** Facts that both schemes have, under the name each gives them. */
const names = {
  performance: ["performance", "Performance"],
  steps: ["steps", "Steps"],
  guidanceScale: ["guidance_scale", "CFG scale"],
  sharpness: ["sharpness", "Sharpness"],
  adm: ["adm_guidance", "ADM Guidance"],
  baseModel: ["base_model", "Model"],
  baseModelHash: ["base_model_hash", "Model hash"],
  refinerModel: ["refiner_model", "Refiner"],
  overwriteSwitch: ["overwrite_switch", "Overwrite Switch"],
  refinerSwapMethod: ["refiner_swap_method", "Refiner Swap Method"],
  adaptiveCfg: ["adaptive_cfg", "Adaptive CFG"],
  clipSkip: ["clip_skip", "Clip skip"],
  scheduler: ["scheduler", "Scheduler"],
  vae: ["vae", "VAE"],
  seed: ["seed", "Seed"],
  freeu: ["freeu", "FreeU"],
  precision: ["precision", "Precision"],
  cache: ["cache", "Cache"],
  cfgUntil: ["cfg_until", "CFG until"],
  imageInput: ["image_input", "Image input"],
  version: ["version", "Version"],
} as const satisfies { [K in keyof ImageMetadata]?: readonly [string, string] };

/**
 * What a picture's values mean, in whichever scheme they were written; values that cannot be read are left out.
 *
 * @param values as `readFooocus` or `readA1111` gives them
 */
export function factsOf(scheme: MetadataScheme, values: Values): Partial<ImageMetadata> {
  const value = (fact: keyof typeof names): unknown => values[names[fact][scheme === "fooocus" ? 0 : 1]];
  const word = (fact: keyof typeof names): string | undefined => textOf(value(fact));
  const number = (fact: keyof typeof names): number | undefined => numberOf(value(fact));
  const [positive, negative, end] = tupleOf(value("adm"), 3) ?? [];
  const facts: SomeFacts = {
    ...(scheme === "fooocus" ? fooocusFacts(values) : a1111Facts(values)),
    performance: word("performance"),
    steps: number("steps"),
    guidanceScale: number("guidanceScale"),
    sharpness: number("sharpness"),
    adm:
      positive === undefined || negative === undefined || end === undefined
        ? undefined
        : { positive, negative, end },
    baseModel: word("baseModel"),
    baseModelHash: word("baseModelHash"),
    refinerModel: word("refinerModel"),
    overwriteSwitch: number("overwriteSwitch"),
    refinerSwapMethod: word("refinerSwapMethod"),
    adaptiveCfg: number("adaptiveCfg"),
    clipSkip: number("clipSkip"),
    scheduler: scheme === "fooocus" ? word("scheduler") : methodOfPicture(values).scheduler,
    vae: word("vae"),
    seed: seedOf(value("seed")),
    freeu: tupleOf(value("freeu"), 4),
    precision: word("precision"),
    cache: number("cache"),
    cfgUntil: number("cfgUntil"),
    imageInput: word("imageInput"),
    version: word("version"),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined));
}

type SomeFacts = { [K in keyof ImageMetadata]?: ImageMetadata[K] | undefined };

function fooocusFacts(values: Values): SomeFacts {
  return {
    prompt: textOf(values.prompt),
    negativePrompt: textOf(values.negative_prompt),
    promptExpansion: textOf(values.prompt_expansion),
    styles: readPyList(textOf(values.styles) ?? ""),
    ...sizeOf(values.resolution),
    refinerSwitch: numberOf(values.refiner_switch),
    sampler: textOf(values.sampler),
    loras: Array.isArray(values.loras) ? values.loras.flatMap(loraOf) : combinedLoras(values),
    fullPrompt: textsOf(values.full_prompt),
    fullNegativePrompt: textsOf(values.full_negative_prompt),
  };
}

function loraOf(value: unknown): readonly LoraFact[] {
  if (!Array.isArray(value)) return [];
  const [name, weight, hash]: unknown[] = value;
  const strength = numberOf(weight);
  return typeof name === "string" && strength !== undefined
    ? [{ name, weight: strength, hash: textOf(hash) ?? "" }]
    : [];
}

/** This scheme has no styles; its first lines are the texts after them. */
function a1111Facts(values: Values): SomeFacts {
  const [whole, negative] = [textOf(values.Prompt), textOf(values["Negative prompt"])];
  return {
    prompt: textOf(values["Raw prompt"]) ?? whole,
    negativePrompt: textOf(values["Raw negative prompt"]) ?? negative ?? "",
    ...sizeOf(values.Size),
    sampler: methodOfPicture(values).sampler,
    loras: lorasOf(textOf(values["Lora weights"]) ?? "", textOf(values["Lora hashes"]) ?? ""),
    fullPrompt: whole === undefined ? undefined : [whole],
    fullNegativePrompt: negative === undefined || negative === "" ? [] : [negative],
  };
}

const methodOfPicture = (values: Values): Method =>
  methodOf(textOf(values.Sampler), textOf(values.Scheduler) ?? textOf(values["Schedule type"]));

/** Texts without the list `loras` have them one a key only: `lora_combined_1` is `name : weight`. */
function combinedLoras(values: Values): readonly LoraFact[] | undefined {
  const loras = Object.entries(values).flatMap(([key, value]): readonly LoraFact[] => {
    const text = key.startsWith("lora_combined_") ? (textOf(value) ?? "") : "";
    const at = text.lastIndexOf(" : ");
    const weight = numberOf(text.slice(at + 3));
    return at <= 0 || weight === undefined ? [] : [{ name: text.slice(0, at), weight, hash: "" }];
  });
  return loras.length === 0 ? undefined : loras;
}

function lorasOf(weights: string, hashes: string): readonly LoraFact[] {
  const known = new Map(pairsOf(hashes));
  return pairsOf(weights).flatMap(([name, text]) => {
    const weight = numberOf(text);
    return weight === undefined ? [] : [{ name, weight, hash: known.get(name) ?? "" }];
  });
}

/** `name: value, name: value` */
const pairsOf = (text: string): readonly (readonly [string, string])[] =>
  text.split(", ").flatMap((pair) => {
    const at = pair.lastIndexOf(": ");
    return at <= 0 ? [] : [[pair.slice(0, at), pair.slice(at + 2)] as const];
  });

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const textsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const text = textOf(value)?.trim() ?? "";
  return /^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function seedOf(value: unknown): bigint | undefined {
  const text = String(value);
  return /^-?\d{1,30}$/.test(text) ? BigInt(text) : undefined;
}

/** `(1.5, 0.8, 0.3)` */
function tupleOf(value: unknown, length: number): readonly number[] | undefined {
  const parts = /^\s*\((.*)\)\s*$/.exec(textOf(value) ?? "")?.[1]?.split(",") ?? [];
  const numbers = parts.flatMap((part) => numberOf(part) ?? []);
  return numbers.length === length && parts.length === length ? numbers : undefined;
}

/** `(1152, 896)` in one scheme, `1152x896` in the other. */
function sizeOf(value: unknown): Pick<SomeFacts, "width" | "height"> {
  const match = /^\(?\s*['"]?(\d+)['"]?\s*[,x]\s*['"]?(\d+)['"]?\s*\)?$/.exec(textOf(value) ?? "");
  return match === null ? {} : { width: Number(match[1]), height: Number(match[2]) };
}
