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
 * that a fresh server paints at all, with a sentence.
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
  const missing = missingOf(engine, there);
  const chosen = said.inpaint_engine !== undefined && said.inpaint_engine !== publishedEngine;
  if (chosen || missing.length === 0 || !goalsOf(params).inpaint) return { params, warnings: [] };
  const warning = `The default inpaint engine ${engine} was left out: ${missing.map(withSize).join(" and ")} ${missing.length === 1 ? "is" : "are"} not in models/inpaint (from ${source}). It fits what is new better into the picture.`;
  return { params: { ...params, inpaint_engine: "None" }, warnings: [warning] };
}

/** FooocusAPI's default, which generated clients send. */
const publishedEngine = "v2.6";
