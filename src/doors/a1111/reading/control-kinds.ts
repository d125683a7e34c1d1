import type { controlNetTypes } from "#/api/generate-objects.ts";
import type { Json, JsonObject } from "#/api/json.ts";
import type { RequestError } from "#/lib/errors.ts";

/** How a unit's picture guides; whether it is prepared already, for kinds that have a preparation to choose. */
export type ControlKind = Readonly<{ type: (typeof controlNetTypes)[number]; prepared?: boolean }>;

/** What `/controlnet/model_list` and `/controlnet/module_list` answer. */
export const controlModels = ["canny", "cpds", "ip-adapter", "ip-adapter-face"] as const;
export const controlModules = ["none", "canny", "cpds", "ip-adapter", "ip-adapter-face"] as const;

const isNone = (said: string): boolean => said === "" || said === "none";
const isFace = (said: string): boolean => /face[ _-]?(swap|id)|ip[ _-]?adapter.*face/.test(said);
const isPrompt = (said: string): boolean => /ip[ _-]?adapter|image[ _-]?prompt/.test(said);

/** Preparations, by names of modules. */
const modules: Readonly<Record<string, ControlKind["type"]>> = {
  canny: "PyraCanny",
  pyracanny: "PyraCanny",
  cpds: "CPDS",
};

/**
 * How a unit's picture guides, by its module and its model.
 *
 * @param refused makes the error for what is not here
 */
export function controlOf(unit: JsonObject, refused: (why: string) => RequestError): ControlKind {
  const [module, model] = [textOf(unit["module"]), textOf(unit["model"])];
  const both = `${module} ${model}`;
  if (isFace(both)) return { type: "FaceSwap" };
  if (isPrompt(isNone(model) ? module : model)) return { type: "ImagePrompt" };
  const byModel = /canny/.test(model) ? "PyraCanny" : /cpds/.test(model) ? "CPDS" : undefined;
  const byModule = modules[module];
  const type = byModule ?? (isNone(module) ? byModel : undefined);
  const fits = isNone(model) || byModel === type;
  if (type !== undefined && fits) return { type, prepared: byModule === undefined };
  throw refused(
    `asks for module ${quoted(unit["module"])} with model ${quoted(unit["model"])}, which is not here; there are canny and cpds (with their module, or with none for a picture that is prepared), ip-adapter and ip-adapter-face`,
  );
}

/** In lower case, without a hash in brackets. */
const textOf = (value: Json | undefined): string =>
  typeof value === "string"
    ? value
        .trim()
        .toLowerCase()
        .replace(/\s*\[[0-9a-f]+\]$/, "")
    : "";

const quoted = (value: Json | undefined): string =>
  JSON.stringify(typeof value === "string" ? value.slice(0, 100) : (value ?? null)).slice(0, 120);
