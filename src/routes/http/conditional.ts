/** What tells one state of a file from another (RFC 9110, section 8.8). */
export type Validators = Readonly<{
  /** With its quotation marks; strong: it changes with any byte. */
  etag: string;
  /** Milliseconds since 1970. */
  lastModified: number;
}>;

/**
 * What the conditions of a GET or HEAD come to, in the order of RFC 9110, section 13.2.2.
 *
 * @returns 304 if the client has it already, 412 if it wants another state than this one; undefined to go on
 */
export function conditionStatus({ headers }: Request, validators: Validators): 304 | 412 | undefined {
  const { etag, lastModified } = validators;
  const wanted = headers.get("if-match");
  const before = dateOf(headers.get("if-unmodified-since"));
  if (wanted !== null) {
    if (!matches(wanted, etag, "strong")) return 412;
  } else if (before !== undefined && seconds(lastModified) > before) return 412;
  const known = headers.get("if-none-match");
  if (known !== null) return matches(known, etag, "weak") ? 304 : undefined;
  const since = dateOf(headers.get("if-modified-since"));
  return since !== undefined && seconds(lastModified) <= since ? 304 : undefined;
}

/** Whether a range may be sent: not to who holds the rest of another state (`If-Range`). */
export function rangeHolds({ headers }: Request, { etag, lastModified }: Validators): boolean {
  const condition = headers.get("if-range");
  if (condition === null) return true;
  if (condition.includes('"')) return matches(condition, etag, "strong");
  return dateOf(condition) === seconds(lastModified);
}

function matches(list: string, etag: string, strength: "strong" | "weak"): boolean {
  if (list.trim() === "*") return true;
  const tags = list.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => (strength === "weak" ? tag.replace(/^W\//, "") : tag) === etag);
}

/** HTTP's dates know no parts of a second. */
const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

function dateOf(text: string | null): number | undefined {
  const at = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : seconds(at);
}
