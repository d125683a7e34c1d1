import { type TObject, type TProperties, Type } from "@sinclair/typebox";
import { CommonRequest, type GenerateRequest } from "#/api/generate.ts";
import { InvalidRequest, sentences } from "#/api/issues.ts";
import { isJsonObject, type Json, type JsonObject } from "#/api/json.ts";
import { type Converted, readBody } from "#/api/read.ts";
import { unknownKeysWarning } from "#/api/unknown-keys.ts";

/** Arguments that were read, and what of them was not. */
export type ReadArguments = Readonly<{
  said: { readonly [key: string]: Converted };
  /** Fields of the main API by their own names. */
  advanced: GenerateRequest;
  warnings: readonly string[];
}>;

/**
 * Arguments of a tool that makes pictures. Null is what models write for what they leave out, and means that.
 *
 * @param fields   of its schema
 * @param required those that must be there
 * @throws InvalidRequest with every problem, each at the argument's own name
 */
export function readArguments(
  fields: TProperties,
  required: readonly string[],
  given: JsonObject,
): ReadArguments {
  const { advanced = null, ...rest } = withoutNulls(given);
  const { advanced: _, ...plain } = fields;
  const schema = Type.Object(plain, { requiredKeys: [...required] });
  const said = readBody(schema, rest);
  const read = readAdvanced(advanced);
  const unknown = [
    unknownKeysWarning(schema, rest, { ...ofArguments, called: fieldsOfAdvanced }),
    advanced === null ? undefined : unknownKeysWarning(CommonRequest, advanced),
  ];
  return {
    said,
    advanced: Object.fromEntries(Object.entries(read).filter(([name]) => !ofAnswers.includes(name))),
    warnings: [
      ...unknown.flatMap((one) => one ?? []),
      ...ofAnswers
        .filter((name) => Object.hasOwn(read, name))
        .map((name) => `advanced.${name} took no part: ${answersReason}`),
    ],
  };
}

/**
 * Arguments of a tool that makes nothing.
 *
 * @throws InvalidRequest with every problem
 */
export function readPlain(schema: TObject, given: JsonObject): Omit<ReadArguments, "advanced"> {
  const plain = withoutNulls(given);
  return {
    said: readBody(schema, plain),
    warnings: [unknownKeysWarning(schema, plain, ofArguments) ?? []].flat(),
  };
}

/** Names at the top are arguments; those in `advanced` are fields of the main API. */
const ofArguments = { called: {}, harmless: [], kind: "argument" } as const;

/** Fields that say how the main API answers. */
const ofAnswers: readonly string[] = ["stream_output", "async_process", "require_base64"];
const answersReason = "how a call is answered is for wait and inline_pictures to say.";

/** Tells which fields of `advanced` give way to an argument that says the same. */
export const overridden = (advanced: GenerateRequest, request: GenerateRequest): readonly string[] =>
  Object.keys(advanced)
    .filter((name) => Object.hasOwn(request, name))
    .map((name) => `advanced.${name} took no part: it is said by the argument itself.`);

/** Only at the top: below it, there are fields to which null is a value. */
const withoutNulls = (given: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));

/** Where fields of the main API stand that somebody wrote among the arguments. */
const fieldsOfAdvanced: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(CommonRequest.properties).map((name) => [name, `advanced.${name}`]),
);

function readAdvanced(advanced: Json): GenerateRequest {
  if (advanced === null) return {};
  if (!isJsonObject(advanced)) {
    const msg = sentences.model_attributes_type;
    throw new InvalidRequest([
      { type: "model_attributes_type", loc: ["body", "advanced"], msg, input: advanced },
    ]);
  }
  try {
    return readBody(CommonRequest, advanced);
  } catch (thrown) {
    if (!(thrown instanceof InvalidRequest)) throw thrown;
    throw new InvalidRequest(
      thrown.issues.map((issue) => ({ ...issue, loc: ["body", "advanced", ...issue.loc.slice(1)] })),
    );
  }
}

/** A text among arguments that were read; the schema says that it is there. */
export function textIn(said: ReadArguments["said"], name: string): string {
  const value = said[name];
  return typeof value === "string" ? value : "";
}
