import { expect, test } from "bun:test";
import { type TSchema, Type } from "@sinclair/typebox";
import { jsonAnswer, jsonRequest, openApiDocument } from "#/api/openapi.ts";
import { type Refusal, refusalsOf } from "#/routes/http/refusal.ts";

const Thing = Type.Object({ name: Type.String() }, { title: "Thing" });
const Kind = Type.Unsafe<string>({ type: "string", enum: ["a", "b"], title: "Kind" });

const form = {
  refusalBody: () => ({}),
  refusalStatus: (refusal: Refusal, usual: number) => (refusal.type === "sentence" ? 401 : usual),
  refusalSchemas: { problems: Thing, sentence: Thing },
};

/** The document of one route, and what it says of a schema. */
function described(schema: TSchema, requestBody?: unknown) {
  const detail = { operationId: "x", responses: { 200: jsonAnswer(schema) }, requestBody };
  const route = { method: "POST", path: "/x", keyed: true, refusals: refusalsOf(form), detail };
  const { paths } = JSON.parse(openApiDocument([route], []));
  const operation = paths["/x"].post;
  return { operation, answer: operation.responses[200].content["application/json"].schema };
}

test("alternatives of which one can hold are oneOf, what may overlap or be null is anyOf", () => {
  const answer = (...schemas: TSchema[]) => Object.keys(described(Type.Union(schemas)).answer);
  expect(answer(Thing, Type.Array(Thing))).toEqual(["oneOf"]);
  expect(answer(Type.String(), Type.Integer())).toEqual(["oneOf"]);
  expect(answer(Type.Literal("a"), Type.Literal("b"))).toEqual(["oneOf"]);
  expect(answer(Kind, Type.String())).toEqual(["anyOf"]);
  expect(answer(Type.Literal("a"), Type.String())).toEqual(["anyOf"]);
  expect(answer(Type.Integer(), Type.Number())).toEqual(["anyOf"]);
  expect(answer(Thing, Type.Null())).toEqual(["anyOf"]);
  expect(answer(Thing, Type.Unknown())).toEqual(["anyOf"]);
});

test("a table of anything is additionalProperties, and a default of {} is left out", () => {
  const table = Type.Object({
    any: Type.Record(Type.String(), Type.Integer()),
    thing: { ...Thing, default: {} },
  });
  expect(described(table).answer.properties).toEqual({
    any: { type: "object", additionalProperties: { type: "integer" } },
    thing: { $ref: "#/components/schemas/Thing" },
  });
});

test("a body of several types has the header that all requests may have, one of a single type has not", () => {
  const one = jsonRequest(Thing);
  const two = { required: true, content: { ...one.content, "image/png": { schema: { type: "string" } } } };
  expect(described(Thing, one).operation.parameters).toBeUndefined();
  expect(described(Thing, two).operation.parameters).toEqual([
    expect.objectContaining({ name: "X-Request-Id", in: "header" }),
  ]);
});

test("what asks for a key says what is answered without one, in the form of its door", () => {
  const { operation } = described(Thing);
  expect(operation.responses[401].content["application/json"].schema.$ref).toEndWith("/Thing");
});
