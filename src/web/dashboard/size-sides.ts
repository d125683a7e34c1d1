import type { Complaint } from "./complaint.ts";

/** Where the form says what is wrong with a side. */
export const sidePlaces = {
  width: "aspect_ratios_selection.width",
  height: "aspect_ratios_selection.height",
} as const;

/** The sides of a size, `1152*896`, as they were typed: each may be empty. */
export function sidesOf(size: string): Readonly<Record<keyof typeof sidePlaces, string>> {
  const [width = "", height = ""] = size.split("*");
  return { width, height };
}

/**
 * What is wrong with sides before the server is asked, to whom an empty one is no size at all. How small and large they may be
 * is its own word.
 *
 * @param size as the form holds it; empty: the server's own
 */
export function sideComplaints(size: string): readonly Complaint[] {
  if (size === "") return [];
  const { width, height } = sidesOf(size);
  return [
    { field: sidePlaces.width, message: problemOf("width", width) },
    { field: sidePlaces.height, message: problemOf("height", height) },
  ].filter(({ message }) => message !== "");
}

function problemOf(side: string, typed: string): string {
  if (typed === "") return `Say the ${side} in pixels, for example 1024.`;
  return /^\d+$/.test(typed) ? "" : `The ${side} is a whole number of pixels, for example 1024.`;
}
