import { isJsonObject, type Json, type JsonObject, parseJson, writeJson } from "#/api/json.ts";
import type { Recipe } from "./recipe.ts";

/** A recipe as JSON, without what decides no picture: how previews are made, and how far an enhancement has come. */
export function plainRecipe(recipe: Recipe): JsonObject {
  const plain = without(parseJson(writeJson(recipe)));
  return isJsonObject(plain) ? plain : {};
}

const passing: readonly string[] = ["previews", "done"];

function without(value: Json): Json {
  if (Array.isArray(value)) return value.map(without);
  if (!isJsonObject(value)) return value;
  const left = Object.entries(value).filter(([name]) => !passing.includes(name));
  return Object.fromEntries(left.map(([name, item]) => [name, without(item)]));
}

/** Places that are told of two values that are not the same; more says no more. */
const mostTold = 20;

/** Where two values differ, as dotted paths, each with what stands there: a few of them. */
export function differencesOf(
  one: Json,
  other: Json,
  path = "recipe",
): readonly Readonly<{ path: string; one: Json | undefined; other: Json | undefined }>[] {
  const children = (value: Json): ReadonlyMap<string, Json> | undefined =>
    typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
  const [inOne, inOther] = [children(one), children(other)];
  if (inOne === undefined || inOther === undefined || Array.isArray(one) !== Array.isArray(other))
    return isSame(one, other) ? [] : [{ path, one, other }];
  const found = [];
  for (const name of new Set([...inOne.keys(), ...inOther.keys()])) {
    const [left, right] = [inOne.get(name), inOther.get(name)];
    const at = `${path}.${name}`;
    if (left === undefined || right === undefined) found.push({ path: at, one: left, other: right });
    else found.push(...differencesOf(left, right, at));
    if (found.length >= mostTold) break;
  }
  return found.slice(0, mostTold);
}

const isSame = (one: Json, other: Json): boolean =>
  Object.is(one, other) || (typeof one !== "object" && typeof other !== "object" && one === other);
