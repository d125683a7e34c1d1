import { InvalidRequest, sentences } from "#/api/issues.ts";
import { isJsonObject, type Json } from "#/api/json.ts";
import { readBody } from "#/api/read.ts";
import { RequestError } from "#/lib/errors.ts";
import { type ImageJob, type ImageWords, imageFields } from "./fields.ts";
import { unknownFields, withoutUnused } from "./passed-over.ts";

/** What a body said, and what must be told of what it said and is not used. */
export type Said = Readonly<{
  words: ImageWords & Readonly<{ prompt: string }>;
  warnings: readonly string[];
}>;

/**
 * A body without its pictures. Null says nothing.
 *
 * @throws InvalidRequest with every problem; RequestError `invalid-value` for an empty prompt
 */
export function readWords(job: ImageJob, body: Json): Said {
  if (!isJsonObject(body)) {
    const msg = "The body should be a JSON object";
    throw new InvalidRequest([{ type: "model_attributes_type", loc: ["body"], msg, input: body }]);
  }
  const { used, warnings } = withoutUnused(body);
  const words: ImageWords = readBody(imageFields[job], used);
  const { prompt } = words;
  if (prompt === undefined) {
    const loc = ["body", "prompt"];
    throw new InvalidRequest([{ type: "missing", loc, msg: sentences.missing, input: null }]);
  }
  if (prompt.trim() === "")
    throw new RequestError("invalid-value", "prompt is empty: say what to draw.", { field: "prompt" });
  return { words: { ...words, prompt }, warnings: [...warnings, ...unknownFields(job, used)] };
}
