import { isObject, textOf } from "./values.ts";

/** FastAPI's `detail` (a text, or a list of complaints) as one sentence. */
export function complaint(body: unknown, status: number): string {
  const detail = isObject(body) ? body["detail"] : undefined;
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) {
    const lines = detail.filter(isObject).map(({ loc, msg }) => {
      const field = Array.isArray(loc) ? loc.slice(1).join(".") : "";
      return field === "" ? textOf(msg) : `${field}: ${textOf(msg)}`;
    });
    if (lines.length > 0) return lines.join(" ");
  }
  return `The server answered ${status}.`;
}
