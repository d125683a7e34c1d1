import { RequestError } from "#/lib/errors.ts";
import { likelyNames, nearestNames } from "#/lib/nearest-names.ts";

/** Characters of a name that are told; file names have 255 bytes at most. */
const longestName = 300;

/**
 * A name that must be one of a list.
 *
 * @param field dotted path of the request's field
 * @param what  for the sentence: "style", "checkpoint"
 * @throws RequestError `unknown-model` naming the field, the value and the nearest names
 */
export function knownName<Name extends string>(
  name: string,
  names: readonly Name[],
  field: string,
  what: string,
): Name {
  const known = names.find((one) => one === name);
  if (known !== undefined) return known;
  const near = nearestNames(name, names);
  const hint = near.length === 0 ? `there is no ${what} at all` : `similar: ${near.join(", ")}`;
  const said = name.slice(0, longestName);
  throw new RequestError("unknown-model", `There is no ${what} called ${JSON.stringify(said)}; ${hint}.`, {
    field,
    value: said,
    near,
  });
}

/** For a sentence about a name nobody knows that is no refusal: those it is like in brackets, nothing where there are none. */
export function similarNames(name: string, names: readonly string[]): string {
  const near = likelyNames(name, names).map((other) => other.slice(0, longestTold));
  return near.length === 0 ? "" : ` (similar: ${near.join(", ")})`;
}

const longestTold = 100;

/** A file name without folders and extension. */
export const stemOf = (name: string): string => name.replace(/^.*\//, "").replace(/\.[^.]+$/, "");
