import type { Json } from "#/api/json.ts";
import fixture from "../contract/fixtures/generate-request.json";

/** A field as the contract's table has it. */
export type Field = Readonly<{
  name: string;
  type: string;
  required?: boolean;
  default?: unknown;
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  enum?: readonly string[];
  items?: Readonly<{ type?: string; enum?: readonly string[]; object?: string }>;
}>;

/** The objects inside a request. */
export const objects: Readonly<Record<string, readonly Field[]>> = fixture.objects;
/** The request itself; ours stand behind the contract's. */
export const fields: readonly Field[] = [...fixture.request, ...fixture.ours];

/** A request with one field, at its place, as JSON. */
export const bodyWith = (place: Place, value: string): string =>
  place.object === undefined
    ? `{"async_process":true,"${place.field.name}":${value}}`.replace(
        '"async_process":true,"async_process"',
        '"async_process"',
      )
    : `{"async_process":true,"${place.object.list}":[{${place.object.needed}"${place.field.name}":${value}}]}`;

/** A field and where in a request it stands. */
export type Place = Readonly<{
  field: Field;
  loc: readonly (string | number)[];
  object?: Readonly<{ list: string; needed: string }>;
}>;

const lists: Readonly<Record<string, string>> = {
  Lora: "loras",
  ImagePrompt: "controlnet_image",
  EnhanceCtrlNets: "enhance_ctrls",
};

/** Every field, the members of objects included. */
export const places: readonly Place[] = [
  ...fields.map((field) => ({ field, loc: ["body", field.name] })),
  ...Object.entries(objects).flatMap(([name, members]) =>
    members.map((field): Place => {
      const list = lists[name] ?? "";
      const others = members.filter((other) => other.required === true && other.name !== field.name);
      const needed = others.map(
        (other) => `"${other.name}":${other.type === "boolean" ? "true" : '"None"'},`,
      );
      return { field, loc: ["body", list, 0, field.name], object: { list, needed: needed.join("") } };
    }),
  ),
];

/** As JSON. */
export const text = (value: unknown): string => JSON.stringify(value);
const real = (limit: number): string => (Number.isInteger(limit) ? limit.toFixed(1) : String(limit));

/** What the reference says, by type of problem. */
export const sentences: Readonly<Record<string, string>> = {
  string_type: "Input should be a valid string",
  int_type: "Input should be a valid integer",
  int_parsing: "Input should be a valid integer, unable to parse string as an integer",
  int_from_float: "Input should be a valid integer, got a number with a fractional part",
  float_type: "Input should be a valid number",
  float_parsing: "Input should be a valid number, unable to parse string as a number",
  bool_type: "Input should be a valid boolean",
  bool_parsing: "Input should be a valid boolean, unable to interpret input",
  list_type: "Input should be a valid list",
};

/** What each type refuses, and with which word. */
export const refusals: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  string: [
    ["1", "string_type"],
    ["true", "string_type"],
    ["[]", "string_type"],
    ["{}", "string_type"],
    ["null", "string_type"],
  ],
  integer: [
    ['"x"', "int_parsing"],
    ['""', "int_parsing"],
    ['"1.5"', "int_parsing"],
    ['"1__0"', "int_parsing"],
    ["1.5", "int_from_float"],
    ["[]", "int_type"],
    ["{}", "int_type"],
    ["null", "int_type"],
  ],
  number: [
    ['"x"', "float_parsing"],
    ['""', "float_parsing"],
    ["[]", "float_type"],
    ["{}", "float_type"],
    ["null", "float_type"],
  ],
  boolean: [
    ["2", "bool_parsing"],
    ["-1", "bool_parsing"],
    ['"2"', "bool_parsing"],
    ['" yes"', "bool_parsing"],
    ['""', "bool_parsing"],
    ["0.5", "bool_type"],
    ["[]", "bool_type"],
    ["{}", "bool_type"],
    ["null", "bool_type"],
  ],
  array: [
    ["1", "list_type"],
    ['"x"', "list_type"],
    ["{}", "list_type"],
    ["null", "list_type"],
  ],
};

const expectedText = (values: readonly string[]): string => {
  const quoted = values.map((value) => `'${value}'`);
  return quoted.length === 1 ? (quoted[0] ?? "") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
};

/** The problem of a value that is none of a list, as JSON. */
export function enumIssue(loc: readonly unknown[], values: readonly string[], input: string): string {
  const expected = expectedText(values);
  return `{"type":"enum","loc":${text(loc)},"msg":${text(`Input should be ${expected}`)},"input":${input},"ctx":{"expected":${text(expected)}}}`;
}

/** The problem of a number beyond a bound, as JSON. */
export function boundIssue({ field, loc }: Place, which: "minimum" | "maximum", input: string): string {
  const limit = field[which] ?? 0;
  const [type, words, key] =
    which === "minimum"
      ? ["greater_than_equal", "greater than or equal to", "ge"]
      : ["less_than_equal", "less than or equal to", "le"];
  const shown = field.type === "number" ? real(limit) : String(limit);
  return `{"type":"${type}","loc":${text(loc)},"msg":"Input should be ${words} ${limit}","input":${input},"ctx":{"${key}":${shown}}}`;
}

/** How a value that JSON gave in another way is understood; only values within the bounds are tried. */
export function conversions({
  type,
  minimum = -Infinity,
  maximum = Infinity,
}: Field): readonly (readonly [string, Json])[] {
  const within = (pairs: readonly (readonly [string, number])[]) =>
    pairs.filter(([, value]) => value >= minimum && value <= maximum);
  switch (type) {
    case "integer":
      return within([
        ['"3"', 3],
        ['" 3 "', 3],
        ['"3.0"', 3],
        ["3.0", 3],
        ['"1_0"', 10],
        ["true", 1],
        ["false", 0],
        ['"-1"', -1],
        ["1e1", 10],
      ]);
    case "number":
      return within([
        ['"1.5"', 1.5],
        ['" 1 "', 1],
        ["1", 1],
        ["true", 1],
        ["false", 0],
        ['"1e0"', 1],
        ['".5"', 0.5],
        ["0.25", 0.25],
      ]);
    case "boolean":
      return [
        ...["true", "1", "1.0", '"1"', '"t"', '"True"', '"y"', '"YES"', '"on"'].map(
          (given) => [given, true] as const,
        ),
        ...["false", "0", "0.0", '"0"', '"f"', '"FALSE"', '"n"', '"no"', '"Off"'].map(
          (given) => [given, false] as const,
        ),
      ];
    default:
      return [];
  }
}

/** An object that is right, as JSON. */
export const goodObject = (name: string): string =>
  name === "Lora" ? '{"enabled":true,"model_name":"None"}' : "{}";
