import type { Complaint } from "./complaint.ts";

/** What the server does not like, by the place of the form where it is said; and what has no place of its own there. */
export type Problems = Readonly<{ at: ReadonlyMap<string, string>; others: readonly Complaint[] }>;

/**
 * Sorts complaints by where they are said: at their field, or, in a list of objects, at the item, such as `loras.0`.
 *
 * @param hasPlace whether the form shows a field or an item
 */
export function problemsOf(complaints: readonly Complaint[], hasPlace: (place: string) => boolean): Problems {
  const at = new Map<string, string>();
  const others: Complaint[] = [];
  for (const complaint of complaints) {
    const [field = "", item = ""] = complaint.field.split(".");
    const place = [`${field}.${item}`, field].find(hasPlace);
    if (place === undefined) others.push(complaint);
    else at.set(place, [at.get(place) ?? "", complaint.message].join(" ").trim());
  }
  return { at, others };
}
