import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type FileStamp, stampOf } from "../stamp.ts";
import type { WeightFile } from "../weight-file.ts";
import { isPlain, type PeftPattern, peftPattern } from "./peft-pattern.ts";
import { refused } from "./refused.ts";
import type { Part } from "./targets.ts";

/** What PEFT's LoraConfig says of one part's scales. */
export type AdapterConfig = Readonly<{
  r: number;
  alpha: number;
  /** alpha / sqrt(r) instead of alpha / r (Kalajdzievski 2023). */
  rankStabilised: boolean;
  /** Whether its factors have lengths beside them: DoRA. */
  decomposed: boolean;
  ranks: readonly (readonly [PeftPattern, number])[];
  alphas: readonly (readonly [PeftPattern, number])[];
}>;

/** The configurations that a file has, by the part they are for. */
export type AdapterConfigs = Partial<Readonly<Record<Part, AdapterConfig>>>;

type Json = Readonly<Record<string, unknown>>;

/**
 * Initialisations after which the factors, as they are saved, fit the untouched base: they leave it as it is. PiSSA,
 * OLoRA, CorDA, LoftQ and LoRA-GA take their start away from it (`*_init` in peft/tuners/lora/layer.py).
 */
const harmless = ["gaussian", "eva", "orthogonal", "mica"];

/** Options that make something else than W + scale · up · down of a LoRA, with their names. */
const variants: Readonly<Record<string, string>> = {
  use_qalora: "QALoRA",
  use_bdlora: "BD-LoRA",
  kasa_config: "KaSA",
  arrow_config: "Arrow",
  monteclora_config: "MonteCLoRA",
  alora_invocation_tokens: "activated LoRA",
  layer_replication: "layer replication",
};

/** Kinds of adapters of PEFT that are read. All but LoRA call its alpha `alpha`, where they have one. */
const types = ["LORA", "LOHA", "LOKR", "IA3", "OFT", "BOFT"];

/** PEFT's configuration beside a file that bears PEFT's own name. */
function beside(path: string): (FileStamp & Readonly<{ size: number }>) | undefined {
  if (!/^adapter_model\.(safetensors|bin)$/.test(basename(path))) return undefined;
  const own = join(dirname(path), "adapter_config.json");
  const found = statSync(own, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) return undefined;
  return { path: own, stamp: stampOf(found), size: found.size };
}

/**
 * The file that a LoRA's scales are read from, where it is another one than its own.
 *
 * @param path real path of the LoRA
 */
export function configBeside(path: string): FileStamp | undefined {
  const found = beside(path);
  return found === undefined ? undefined : { path: found.path, stamp: found.stamp };
}

/**
 * Reads what diffusers keeps in the header (`lora_adapter_metadata`: JSON, keys behind `unet.`, `text_encoder.` and
 * `text_encoder_2.`; plain in a file of the UNet alone), or PEFT beside its `adapter_model.safetensors`.
 *
 * @throws ModelError `lora-unsupported` where it cannot be read, or says that this is no LoRA for the untouched base
 */
export function adapterConfigs(file: WeightFile): AdapterConfigs {
  const found = file.metadata.get("lora_adapter_metadata");
  if (found !== undefined && found !== "") return ofParts(file.path, "its lora_adapter_metadata", found);
  const own = beside(file.path);
  if (own === undefined) return {};
  const where = "the adapter_config.json beside it";
  if (own.size > largest) throw refused(file.path, `${where} has ${own.size} bytes, which is too large`);
  return ofParts(file.path, where, textOf(file.path, where, own.path));
}

const largest = 10_000_000;

function textOf(path: string, where: string, config: string): string {
  try {
    return readFileSync(config, "utf8");
  } catch (cause) {
    throw refused(
      path,
      `${where} cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
    );
  }
}

function ofParts(path: string, where: string, text: string): AdapterConfigs {
  const all = parse(text);
  if (all === undefined) throw refused(path, `${where} is not a JSON object, so its strength is unknown`);
  const configs: { -readonly [P in Part]?: AdapterConfig } = {};
  for (const [part, prefix] of [
    ["unet", "unet."],
    ["textL", "text_encoder."],
    ["textG", "text_encoder_2."],
  ] as const) {
    const own = below(all, prefix);
    if (Object.keys(own).length > 0) configs[part] = config(path, where, own);
  }
  if (Object.keys(configs).length === 0 && ("r" in all || "lora_alpha" in all || "peft_type" in all)) {
    configs.unet = config(path, where, all);
  }
  return configs;
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const below = (all: Json, prefix: string): Json =>
  Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    ),
  );

function config(path: string, where: string, json: Json): AdapterConfig {
  const type = json["peft_type"];
  if (typeof type === "string" && !types.includes(type)) {
    throw refused(path, `${where} says that it is a ${type} adapter, which is not supported yet`);
  }
  if (json["use_cayley_neumann"] === false || (json["num_cayley_neumann_terms"] ?? 5) !== 5)
    throw refused(
      path,
      `${where} asks for another series than OFT's first five terms, which is not supported yet`,
    );
  checkStart(path, where, json["init_lora_weights"]);
  for (const [option, name] of Object.entries(variants)) {
    const value = json[option];
    const off = value === undefined || value === null || value === false || isEmpty(value);
    if (!off) throw refused(path, `${where} says that it is ${name} (${option}), which is not supported yet`);
  }
  return {
    // PEFT's own defaults, where a key is left out.
    r: number(path, where, "r", json["r"] ?? 8),
    alpha: number(path, where, "lora_alpha", json["lora_alpha"] ?? json["alpha"] ?? 8),
    rankStabilised: flag(path, where, "use_rslora", json["use_rslora"] ?? false),
    decomposed: flag(path, where, "use_dora", json["use_dora"] ?? false),
    ranks: patterns(path, where, "rank_pattern", json["rank_pattern"]),
    alphas: patterns(path, where, "alpha_pattern", json["alpha_pattern"]),
  };
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;

function checkStart(path: string, where: string, start: unknown): void {
  if (start === undefined || start === null || typeof start === "boolean") return;
  if (typeof start === "string" && harmless.includes(start.toLowerCase())) return;
  const name = typeof start === "string" ? start.slice(0, 40) : "something unknown";
  throw refused(
    path,
    `${where} says that it was started with ${name} (init_lora_weights), which changes the base model too; ` +
      "save it as a plain LoRA first (PEFT's path_initial_model_for_weight_conversion)",
  );
}

function number(path: string, where: string, name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw refused(path, `${name} in ${where} is not a number`);
}

function flag(path: string, where: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw refused(path, `${name} in ${where} is neither true nor false`);
}

function patterns(
  path: string,
  where: string,
  name: string,
  value: unknown,
): readonly (readonly [PeftPattern, number])[] {
  if (value === undefined || value === null) return [];
  if (!isObject(value)) throw refused(path, `${name} in ${where} is not an object`);
  const costly = Object.keys(value).filter((key) => !isPlain(key));
  if (costly.length > 20) throw refused(path, `${name} in ${where} has more than 20 expressions`);
  return Object.entries(value).map(([key, found]) => {
    const pattern = peftPattern(key);
    if (pattern === undefined) {
      throw refused(path, `${name} in ${where} has the pattern ${key.slice(0, 80)}, which is not understood`);
    }
    return [pattern, number(path, where, `${name}.${key.slice(0, 80)}`, found)];
  });
}
