/** A value as text; empty for what is neither text nor number. */
export function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Whether a value is an object that is no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text, or something else where there is none. */
export const textOr = (value: unknown, otherwise: string): string =>
  typeof value === "string" ? value : otherwise;
