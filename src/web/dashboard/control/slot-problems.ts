import type { Complaint } from "../complaint.ts";

/** What is wrong with the control images of a request: for each place what the server said, and the rest of it. */
export type SlotProblems = Readonly<{
  at: ReadonlyMap<number, string>;
  others: readonly Complaint[];
}>;

const slotField = /^controlnet_image\.(\d+)(?:\.|$)/;

/** Which complaints are about which place, by their fields. */
export function slotProblems(complaints: readonly Complaint[]): SlotProblems {
  const at = new Map<number, string>();
  const others: Complaint[] = [];
  for (const complaint of complaints) {
    const place = slotField.exec(complaint.field)?.[1];
    if (place === undefined) others.push(complaint);
    else at.set(Number(place), [at.get(Number(place)) ?? "", complaint.message].join(" ").trim());
  }
  return { at, others };
}
