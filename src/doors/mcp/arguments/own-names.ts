import { CommonRequest } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";

/**
 * A sentence, or a dotted path, with a tool's own names in place of the main API's: a model can only mend an argument that it
 * knows. What only `advanced` has is called so.
 *
 * @param names the main API's field -> the argument
 */
export const inOwnWords = (text: string, names: Readonly<Record<string, string>>): string =>
  text.replaceAll(path, (said) => {
    const [head = "", ...rest] = said.split(".");
    const name = Object.hasOwn(names, head) ? names[head] : otherName(head);
    return name === undefined ? said : [name, ...rest.map((part) => inner[part] ?? part)].join(".");
  });

/** A word with what stands behind it after dots; the parts of an address and of a file's name are none. */
const path = /(?<![\w./-])[a-z][a-z_]*(?:\.\w+)*(?![\w/-])/g;

function otherName(head: string): string | undefined {
  if (Object.hasOwn(inner, head)) return inner[head];
  // A single word may be one of the sentence.
  return head.includes("_") && Object.hasOwn(CommonRequest.properties, head) ? `advanced.${head}` : undefined;
}

/** Names within lists. */
const inner: Readonly<Record<string, string>> = {
  model_name: "name",
  cn_img: "image",
  cn_type: "kind",
  cn_weight: "weight",
  cn_stop: "stop",
};

/** A refusal in a tool's own names; it begins with the argument where it does not speak of it. */
export function inOwnNames(thrown: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(thrown instanceof RequestError)) return thrown;
  const message = inOwnWords(thrown.message, names);
  const { field } = thrown.details;
  if (typeof field !== "string") return new RequestError(thrown.code, message, thrown.details, thrown);
  const [head = ""] = field.split(".");
  const isKnown = Object.hasOwn(names, head) || otherName(head) !== undefined;
  const named = isKnown ? inOwnWords(field, names) : `advanced.${field}`;
  const told = message.includes(named) ? message : `${named}: ${message}`;
  return new RequestError(thrown.code, told, { ...thrown.details, field: named }, thrown);
}
