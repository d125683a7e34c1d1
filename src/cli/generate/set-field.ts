import { CommonRequest } from "#/api/generate.ts";
import { InvalidRequest, type Issue } from "#/api/issues.ts";
import { type Json, JsonSyntaxError, parseJson } from "#/api/json.ts";
import { readBody } from "#/api/read.ts";
import { EngineError } from "#/lib/errors.ts";
import { nearestNames } from "#/lib/nearest-names.ts";

/**
 * What `--set field=value` says. The value is JSON where the field takes that, else the text as it stands: a prompt may be a
 * number, or begin with a bracket.
 *
 * @throws EngineError `bad-setting` naming the field, and where its JSON breaks off
 */
export function setField(set: string): readonly [string, Json] {
  const at = set.indexOf("=");
  const name = set.slice(0, at);
  if (at < 1) throw refusal(`--set takes field=value; not ${JSON.stringify(set)}.`);
  refuseUnknown(name);
  const text = set.slice(at + 1);
  const { value, fault } = asJson(text);
  const tried = [...(value === undefined ? [] : [value]), text].map((one) => ({
    one,
    issues: issuesOf(name, one),
  }));
  const fitting = tried.find(({ issues }) => issues.length === 0);
  if (fitting !== undefined) return [name, fitting.one];
  if (fault !== undefined && /^\s*[[{"]/.test(text))
    throw refusal(`--set ${name}: the value is no JSON: ${fault}.`);
  const said = (tried[0]?.issues ?? []).map((issue) => sentenceOf(issue, text)).join("; ");
  throw refusal(`--set ${said}.`);
}

function refuseUnknown(name: string): void {
  const known = Object.keys(CommonRequest.properties);
  if (known.includes(name)) return;
  const near = nearestNames(name, known);
  const meant = near.length === 0 ? "" : ` Near it: ${near.join(", ")}.`;
  throw refusal(`A request has no field ${name}; docs/fields.md lists them.${meant}`);
}

function asJson(text: string): Readonly<{ value?: Json; fault?: string }> {
  try {
    return { value: parseJson(text) };
  } catch (thrown) {
    if (!(thrown instanceof JsonSyntaxError)) return {};
    const shown = [...text].slice(thrown.offset, thrown.offset + 12).join("");
    const where = shown === "" ? "at its end" : `at ${JSON.stringify(shown)}`;
    return { fault: `${thrown.message}, ${where}` };
  }
}

function issuesOf(name: string, value: Json): readonly Issue[] {
  try {
    readBody(CommonRequest, { [name]: value });
    return [];
  } catch (thrown) {
    if (thrown instanceof InvalidRequest) return thrown.issues;
    throw thrown;
  }
}

function sentenceOf({ loc, msg, type }: Issue, text: string): string {
  const hint = type === "list_type" ? `; a list is JSON: [${JSON.stringify(text)}]` : "";
  return `${loc.slice(1).join(".")}: ${msg}${hint}`;
}

const refusal = (message: string): EngineError => new EngineError("bad-setting", message);
