import { isObject, textOf } from "./values.ts";

/** What a server does not like: the field, empty where it is about none, and why. */
export type Complaint = Readonly<{ field: string; message: string }>;

/** A request that was refused. */
export class Refused extends Error {
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[]) {
    super(sentence(complaints));
    this.complaints = complaints;
  }
}

/** Complaints as one text. */
export const sentence = (complaints: readonly Complaint[]): string =>
  complaints.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)).join(" ");

/** FastAPI's `detail`: a text, or a list of complaints. */
export function complaintsOf(body: unknown, status: number): readonly Complaint[] {
  const detail = isObject(body) ? body["detail"] : undefined;
  if (typeof detail === "string") return [{ field: "", message: detail }];
  const list: readonly unknown[] = Array.isArray(detail) ? detail : [];
  const complaints = list.filter(isObject).map(({ loc, msg }) => ({
    field: Array.isArray(loc) ? loc.slice(1).join(".") : "",
    message: textOf(msg),
  }));
  return complaints.length > 0 ? complaints : [{ field: "", message: `The server answered ${status}.` }];
}

/** The same of the live channel's refusals: it says where in the message, and to the page's reader there is only the request. */
export function issuesOf(reply: Readonly<Record<string, unknown>>): readonly Complaint[] {
  const list: readonly unknown[] = Array.isArray(reply["issues"]) ? reply["issues"] : [];
  const said = list.filter(isObject);
  return (said.length > 0 ? said : [reply]).map(({ field, message }) => ({
    field: textOf(field).replace(/^request\.?/, ""),
    message: textOf(message) || "refused",
  }));
}

/** Whatever was thrown, as one text. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
