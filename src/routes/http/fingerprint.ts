import type { Json } from "#/api/json.ts";
import { isJsonObject } from "#/api/json.ts";

/**
 * A digest (SHA-256, hexadecimal) of a value: the same for two texts of JSON that say the same, whatever the order of their
 * names and the way that numbers are written.
 */
export function fingerprintOf(value: Json): string {
  const hasher = new Bun.CryptoHasher("sha256");
  add(value, hasher);
  return hasher.digest("hex");
}

/** Texts are told with their length, lists with theirs: no two values give the same bytes. */
function add(value: Json, hasher: Bun.CryptoHasher): void {
  if (typeof value === "string") hasher.update(`"${value.length}:`).update(value);
  else if (value === null || typeof value !== "object") hasher.update(`${value};`);
  else if (isJsonObject(value)) {
    const names = Object.keys(value).toSorted();
    hasher.update(`{${names.length}:`);
    for (const name of names) {
      add(name, hasher);
      add(value[name] ?? null, hasher);
    }
  } else {
    hasher.update(`[${value.length}:`);
    for (const item of value) add(item, hasher);
  }
}

/** A form as a value for {@link fingerprintOf}: its parts by their names, files by their bytes alone. */
export async function formValue(form: FormData): Promise<Json> {
  const parts: [name: string, value: Json][] = [];
  for (const [name, part] of form.entries())
    parts.push([name, typeof part === "string" ? part : { file: await digestOf(part) }]);
  // The order counts only among parts of one name, which is what the sort keeps.
  return parts.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}

const digestOf = async (file: File): Promise<string> =>
  new Bun.CryptoHasher("sha256").update(await file.bytes()).digest("hex");
