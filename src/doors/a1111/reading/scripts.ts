import { isJsonObject, type Json } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";
import type { GenerationWords } from "../api/bodies.ts";
import { isOff } from "./is-off.ts";
import { listIn, objectIn } from "./typed.ts";
import { isSaid } from "./unused.ts";

/**
 * The units of ControlNet in a request.
 *
 * @throws RequestError `invalid-value` for every other script that is to do something: it would make another picture
 */
export function unitsOf({
  script_name,
  alwayson_scripts,
  controlnet_units,
}: Pick<GenerationWords, "script_name" | "alwayson_scripts" | "controlnet_units">): readonly Json[] {
  if (isSaid(script_name)) throw noScript(script_name, "script_name");
  const units = [...listIn(controlnet_units, "controlnet_units")];
  for (const [name, script] of Object.entries(objectIn(alwayson_scripts, "alwayson_scripts"))) {
    const args = argumentsOf(name, script);
    if (name.toLowerCase() === "controlnet") units.push(...args);
    else if (!isIdle(args)) throw noScript(name, `alwayson_scripts.${name}`);
  }
  return units;
}

/** Some clients send an object of numbered arguments. */
function argumentsOf(name: string, script: Json): readonly Json[] {
  const path = ["alwayson_scripts", name];
  if (!isJsonObject(script)) return listIn(script, ...path);
  const { args = null, ...others } = script;
  if (isJsonObject(args)) return Object.values(args);
  // Arguments under another name would be none.
  const isMisnamed = args === null && Object.keys(others).length > 0;
  return listIn(isMisnamed ? "" : args, ...path, "args");
}

/**
 * Nothing, or what says that it is switched off: the first argument of a script is its switch. ADetailer has one for each of its
 * models, and does nothing where all of them are called None.
 */
function isIdle(args: readonly Json[]): boolean {
  const [first, ...others] = args;
  const models = args.flatMap((arg) =>
    isJsonObject(arg) && arg["ad_model"] !== undefined ? [arg["ad_model"]] : [],
  );
  if (models.length > 0 && models.every((model) => model === "None")) return true;
  if (first === undefined || first === null || isOff(first)) return true;
  return isJsonObject(first) && others.length === 0 && (isOff(first["enabled"]) || isOff(first["enable"]));
}

const noScript = (name: string, field: string): RequestError =>
  new RequestError(
    "invalid-value",
    `Script '${name.slice(0, 100)}' not found: there are no scripts here but ControlNet. Leave it out.`,
    { field },
  );
