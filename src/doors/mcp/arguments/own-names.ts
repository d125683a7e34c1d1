import { RequestError } from "#/lib/errors.ts";

/**
 * A refusal with a tool's own names in place of the main API's: a model can only mend an argument that it knows. What came in
 * `advanced` is called so.
 *
 * @param names the main API's field -> the argument
 */
export function inOwnNames(thrown: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(thrown instanceof RequestError)) return thrown;
  const { field } = thrown.details;
  if (typeof field !== "string") return thrown;
  const [head = "", ...rest] = field.split(".");
  const name = names[head] ?? `advanced.${head}`;
  const named = [name, ...rest.map((part) => inner[part] ?? part)].join(".");
  const message = thrown.message.replaceAll(field, named);
  const told = message.includes(named) ? message : `${named}: ${message}`;
  return new RequestError(thrown.code, told, { ...thrown.details, field: named }, thrown);
}

/** Names within lists. */
const inner: Readonly<Record<string, string>> = {
  model_name: "name",
  cn_img: "image",
  cn_type: "kind",
  cn_weight: "weight",
  cn_stop: "stop",
};
