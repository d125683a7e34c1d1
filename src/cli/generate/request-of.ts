import { extname } from "node:path";
import { CommonRequest, type GenerateRequest } from "#/api/generate.ts";
import { InvalidRequest } from "#/api/issues.ts";
import { readBody } from "#/api/read.ts";
import { EngineError } from "#/lib/errors.ts";
import { setField } from "./set-field.ts";

const formats: Readonly<Record<string, string>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
};

/**
 * The request of a command line: its prompt, its fields, and the format that the name of the file asks for. It is read by the
 * contract's own reader, as a body would be.
 *
 * @param sets   `field=value`; a value is JSON, else text
 * @param output name of the file; undefined where none was said
 * @throws EngineError `bad-setting` naming the field
 */
export function requestOf(
  prompt: string,
  sets: readonly string[],
  output: string | undefined,
): GenerateRequest {
  const fields = Object.fromEntries(sets.map(setField));
  const format = output === undefined ? undefined : formats[extname(output).toLowerCase()];
  if (output !== undefined && format === undefined)
    throw new EngineError(
      "bad-setting",
      `--output takes a name that ends in ${Object.keys(formats).join(", ")}; not ${output}.`,
    );
  const wanted = fields["output_format"];
  if (format !== undefined && wanted !== undefined && wanted !== format)
    throw new EngineError(
      "bad-setting",
      `--output ${output} asks for ${format}, and --set output_format for ${JSON.stringify(wanted)}; say one of them.`,
    );
  const body = { prompt, ...(format === undefined ? {} : { output_format: format }), ...fields };
  try {
    return readBody(CommonRequest, body);
  } catch (thrown) {
    if (!(thrown instanceof InvalidRequest)) throw thrown;
    const said = thrown.issues.map(({ loc, msg }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
    throw new EngineError("bad-setting", `The request cannot be read: ${said}.`);
  }
}
