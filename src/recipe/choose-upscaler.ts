import { publishedFile, withSize } from "#/catalog/published-files.ts";
import { RequestError } from "#/lib/errors.ts";
import { nearestNames } from "#/lib/nearest-names.ts";
import type { ModelName } from "./recipe.ts";

/** Fooocus' own file in the upscale_models folder, and where it is to be had. */
export const usualUpscaler = "fooocus_upscaler_s409985e5.bin";
const address = publishedFile(usualUpscaler)?.address ?? "";
/** The one that ships with us. */
const demo = "fooocusd-demo-upscaler.safetensors";

/** What the configuration says: a file's name or nothing, and what becomes of a picture where there is none at all. */
export type UpscalerRule = Readonly<{ named: string; without: "refuse" | "lanczos" }>;

/** What enlarges a picture, and what whoever asked for it must be told. */
export type UpscalerChoice = Readonly<
  { by: "network"; file: ModelName; warning?: string } | { by: "lanczos"; warning: string }
>;

/**
 * What pictures are enlarged with: the file that the configuration names, else Fooocus' own, else the demo's, which is told.
 *
 * @param files names in the upscale_models folders
 * @param field the request's field that asks for it
 * @throws RequestError `missing-model` naming the file, its folder and where to get it
 */
export function chooseUpscaler(
  files: readonly ModelName[],
  { named, without }: UpscalerRule,
  field: string,
): UpscalerChoice {
  if (named !== "") return { by: "network", file: namedFile(files, named, field) };
  const own = at(files, usualUpscaler);
  if (own !== undefined) return { by: "network", file: own };
  const shipped = at(files, demo);
  if (shipped !== undefined) {
    const warning = `The picture was enlarged by ${shipped}, a small network: ${usualUpscaler} is not in the upscale_models folder (get it from ${address}), and the setting upscaler names no other.`;
    return { by: "network", file: shipped, warning };
  }
  if (without === "lanczos") {
    const warning = `The picture was enlarged without a network, by Lanczos: there is no ${usualUpscaler} in the upscale_models folder (get it from ${address}).`;
    return { by: "lanczos", warning };
  }
  const message = `To enlarge a picture, put ${withSize(usualUpscaler)} into the upscale_models folder (get it from ${address}), or name another upscaler in the setting upscaler; with upscale_without_model: lanczos pictures are enlarged without one.`;
  throw new RequestError("missing-model", message, { field, name: usualUpscaler });
}

function namedFile(files: readonly ModelName[], named: string, field: string): ModelName {
  const file = files.includes(named) ? named : at(files, named);
  if (file !== undefined) return file;
  const near = nearestNames(named, files);
  const similar = near.length === 0 ? "" : ` Similar: ${near.join(", ")}.`;
  const message = `The upscaler ${named}, which the setting upscaler names, is not in the upscale_models folder.${similar}`;
  throw new RequestError("missing-model", message, { field, name: named });
}

/** A file by its name, in the folder itself or in one below. */
const at = (files: readonly ModelName[], name: string): ModelName | undefined =>
  files.find((file) => file === name) ?? files.find((file) => file.endsWith(`/${name}`));
