import { isObject, textOf } from "./values.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a performance mode does by itself: its steps, the fields that it decides whatever is said, and why it cannot be used. */
export type Mode = Readonly<{ steps: number; sets: Fields; lacks: string }>;

/** What a request may say on this server, and what it means where it says nothing: the server's own answer. */
export type Choices = Readonly<{
  lists: Readonly<Record<string, readonly string[]>>;
  defaults: Fields;
  modes: Readonly<Record<string, Mode>>;
  /** By preset, why it cannot be used; empty where it can. */
  presets: Readonly<Record<string, string>>;
}>;

/** Before the server has said anything. */
export const noChoices: Choices = { lists: {}, defaults: {}, modes: {}, presets: {} };

/** What kind of value a field takes, its bounds and its default. */
export type Rule = Readonly<{
  kind: "text" | "flag" | "number" | "whole" | "other";
  min: number | undefined;
  max: number | undefined;
  /** The values it may have, where these are a list of the contract. */
  values: readonly string[] | undefined;
  usual: unknown;
  /** What it is, in the server's words. */
  help: string;
}>;
export type Rules = Readonly<Record<string, Rule>>;

/** Rules by schema: of a request, of a LoRA, of a region. */
export type Description = Readonly<Record<"request" | "lora" | "region", Rules>>;

/** Before the server has said anything. */
export const noDescription: Description = { request: {}, lora: {}, region: {} };

const objectOf = (value: unknown): Fields => (isObject(value) ? value : {});
const mapped = <T>(value: unknown, of: (one: unknown) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(objectOf(value)).map(([name, one]) => [name, of(one)]));

/** Reads `/v1/engines/choices`. */
export function choicesOf(answer: unknown): Choices {
  const { fields, defaults, performances, presets } = objectOf(answer);
  return {
    lists: mapped(fields, (one) => (Array.isArray(one) ? one.map(textOf) : [])),
    defaults: objectOf(defaults),
    modes: mapped(performances, (one) => {
      const { steps, sets, lacks } = objectOf(one);
      return { steps: Number(steps), sets: objectOf(sets), lacks: textOf(lacks) };
    }),
    presets: mapped(presets, textOf),
  };
}

const kinds: Readonly<Record<string, Rule["kind"]>> = {
  string: "text",
  boolean: "flag",
  number: "number",
  integer: "whole",
};

/** Reads the server's OpenAPI document. */
export function describedBy(document: unknown): Description {
  const schemas = objectOf(objectOf(objectOf(document)["components"])["schemas"]);
  const rulesOf = (name: string): Rules =>
    mapped(objectOf(schemas[name])["properties"], (field) => ruleOf(objectOf(field), schemas));
  return { request: rulesOf("CommonRequest"), lora: rulesOf("Lora"), region: rulesOf("EnhanceCtrlNets") };
}

function ruleOf(field: Fields, schemas: Fields): Rule {
  const named = objectOf(schemas[textOf(field["$ref"]).split("/").at(-1) ?? ""]);
  const number = (key: string): number | undefined =>
    typeof field[key] === "number" ? field[key] : undefined;
  return {
    kind: kinds[textOf(field["type"] ?? named["type"])] ?? "other",
    min: number("minimum"),
    max: number("maximum"),
    values: Array.isArray(named["enum"]) ? named["enum"].map(textOf) : undefined,
    usual: field["default"],
    help: textOf(field["description"]),
  };
}
