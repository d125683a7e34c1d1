import { publishedFile, withSize } from "#/catalog/published-files.ts";
import { RequestError } from "#/lib/errors.ts";

/** Files that a request needs and that are not there: who asks for them, by which field and value, and the way without them. */
type Missing = Readonly<{
  who: string;
  names: readonly string[];
  without: string;
  field: string;
  value: string;
}>;

/**
 * Refuses a request for files that are not there, all of them at once: with name, size, folder, and where each comes from.
 *
 * @param missing names of published files, at least one
 * @returns RequestError `missing-model`
 */
export function missingFiles({ who, names, without, field, value }: Missing): RequestError {
  const several = names.length > 1;
  const files = names.map((name) => `${withSize(name)} in models/${publishedFile(name)?.folder ?? ""}`);
  const addresses = names.flatMap((name) => publishedFile(name)?.address ?? []);
  const message =
    `${who} needs ${listed(files)}, which ${several ? "are" : "is"} not there. ` +
    `Get ${several ? "them" : "it"} from ${listed(addresses)}, or ${without}.`;
  return new RequestError("missing-model", message, { field, value, name: names[0] ?? "" });
}

/** `a`, `a and b`, `a, b and c` */
const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join() : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
