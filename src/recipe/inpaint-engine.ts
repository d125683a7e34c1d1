import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import { inpaintHeadName, inpaintPatchNames } from "#/catalog/inpaint-files.ts";
import { withSize } from "#/catalog/published-files.ts";
import { RequestError } from "#/lib/errors.ts";
import { goalsOf } from "./goals.ts";
import type { PartFile } from "./recipe.ts";

/** Where its files come from. */
const source = "https://huggingface.co/lllyasviel/fooocus_inpaint";

/** The files of an inpaint engine: what tells of the hole, and what is added to the weights. */
export type InpaintEngine = Readonly<{ head: PartFile; patch: string }>;

/** The field that chooses it. */
export const engineField = "inpaint_engine";

/** @returns the files that it needs; none for `None` */
function filesOf(engine: string): Readonly<{ head: string; patch: string }> | undefined {
  const patches: Readonly<Record<string, string>> = inpaintPatchNames;
  const patch = Object.hasOwn(patches, engine) ? patches[engine] : undefined;
  return patch === undefined ? undefined : { head: inpaintHeadName, patch };
}

const missingOf = (engine: string, there: readonly string[]): readonly string[] =>
  Object.values(filesOf(engine) ?? {}).filter((name) => !there.includes(name));

/**
 * The inpaint engine of a request.
 *
 * @param engine one of the known names
 * @param there  files of the inpaint folder
 * @throws RequestError `missing-model` naming the files, their folder, where they come from, and the way without them
 */
export function inpaintEngine(engine: string, there: readonly string[]): InpaintEngine | undefined {
  const files = filesOf(engine);
  if (files === undefined) return undefined;
  const missing = missingOf(engine, there);
  if (missing.length > 0) {
    const are = missing.length === 1 ? "is" : "are";
    const message = `The inpaint engine ${engine} needs ${missing.map(withSize).join(" and ")}, which ${are} not in models/inpaint. Get what is missing from ${source}, or say inpaint_engine: "None".`;
    throw new RequestError("missing-model", message, {
      field: engineField,
      value: engine,
      name: missing[0] ?? "",
    });
  }
  return { head: { kind: "inpaint", name: files.head }, patch: files.patch };
}

/** A settled request as it is meant, and what its client must be told. */
export type WithEngine = Readonly<{ params: GenerateParams; warnings: readonly string[] }>;

/**
 * A request that paints anew and does not choose an engine itself gets none where the default one's files are not there: so
 * that a fresh server paints at all, with a sentence. The regions of its enhancement are treated alike.
 *
 * @param said  what the request itself says; a client that sends every default did not choose
 * @param there files of the inpaint folder
 */
export function withEngineThere(
  params: GenerateParams,
  said: Pick<GenerateRequest, "inpaint_engine">,
  there: readonly string[],
): WithEngine {
  const engine = params.inpaint_engine;
  const chosen = said.inpaint_engine !== undefined && said.inpaint_engine !== publishedEngine;
  const isLeftOut = !chosen && missingOf(engine, there).length > 0 && goalsOf(params).inpaint;
  const lacking = missingOf(publishedEngine, there).length > 0;
  // A region says nothing of whether its engine was chosen, so the published one is taken for none.
  const isIdle = (region: Region): boolean =>
    region.enhance_enabled && region.enhance_inpaint_engine === publishedEngine && lacking;
  const regions = params.enhance_checkbox ? params.enhance_ctrls.filter(isIdle) : [];
  const engines = new Set([...(isLeftOut ? [engine] : []), ...regions.map(() => publishedEngine)]);
  if (engines.size === 0) return { params, warnings: [] };
  return {
    params: {
      ...params,
      inpaint_engine: isLeftOut ? "None" : engine,
      enhance_ctrls: params.enhance_ctrls.map((region) =>
        regions.includes(region) ? { ...region, enhance_inpaint_engine: "None" } : region,
      ),
    },
    warnings: [...engines].map((one) => leftOut(one, missingOf(one, there))),
  };
}

type Region = GenerateParams["enhance_ctrls"][number];

const leftOut = (engine: string, missing: readonly string[]): string =>
  `The default inpaint engine ${engine} was left out: ${missing.map(withSize).join(" and ")} ${missing.length === 1 ? "is" : "are"} not in models/inpaint (from ${source}). It fits what is new better into the picture.`;

/** FooocusAPI's default, which generated clients send. */
const publishedEngine = "v2.6";
