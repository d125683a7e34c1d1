import type { Json } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";

const part = /^(\w+)\[\]\[(\w+)\]$/;

/** The parts of a form that are one field of each object in a list, in order: list, field, texts. */
export class ListedObjects {
  readonly #lists = new Map<string, Map<string, string[]>>();

  /**
   * Takes a part such as `loras[][weight]`, which is how OpenAI's clients write a list of objects.
   *
   * @returns whether it is one
   */
  take(name: string, text: string, isList: (list: string) => boolean): boolean {
    const [, list = "", field = ""] = part.exec(name) ?? [];
    if (!isList(list)) return false;
    const fields = this.#lists.get(list) ?? new Map<string, string[]>();
    this.#lists.set(list, fields);
    fields.set(field, [...(fields.get(field) ?? []), text]);
    return true;
  }

  /**
   * The lists. Which object a field is of is only known where all objects have it.
   *
   * @throws RequestError `invalid-value` naming the list, where one has not
   */
  lists(): readonly (readonly [name: string, objects: readonly Json[]])[] {
    return [...this.#lists].map(([name, fields]) => {
      const counts = [...fields.values()].map(({ length }) => length);
      const [count = 0] = counts;
      if (counts.some((one) => one !== count)) {
        const message = `${name}: a form does not tell which one has which of ${[...fields.keys()].join(", ")}; say all of them for each, or send the list as one JSON text.`;
        throw new RequestError("invalid-value", message, { field: name });
      }
      const objects = Array.from({ length: count }, (_, at) =>
        Object.fromEntries([...fields].map(([field, texts]) => [field, texts[at] ?? null])),
      );
      return [name, objects];
    });
  }
}
