/** What the page reads of a task's record; seeds are kept as text, since a number would lose digits. */
export type TaskRecord = Readonly<{
  task_id: string;
  task_status: string | null;
  progress: number | null;
  /** Base64 PNG, of the running task only. */
  preview: string | null;
  start_mills: number | null;
  finish_mills: number | null;
  result: readonly string[] | null;
  req_params: Readonly<Record<string, unknown>>;
  error?: unknown;
  /** What is otherwise about the pictures than one may expect. */
  warnings: readonly string[];
}>;

/** A message of the live channel or of the event stream, as far as this page looks at it. */
export type LiveMessage = Readonly<Record<string, unknown> & { type: string }>;

/** A picture drawn so far. */
export type PreviewFrame = Readonly<{ taskId: string; mime: string; image: Uint8Array<ArrayBuffer> }>;

/** Parses JSON, keeping integers a number cannot hold as their digits. */
export function parseJson(text: string): unknown {
  const keepDigits = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (context?.source ?? String(value))
      : value;
  return JSON.parse(text, keepDigits);
}

/** @returns undefined for what is no message */
export function parseMessage(text: string): LiveMessage | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) && typeof value["type"] === "string"
      ? { ...value, type: value["type"] }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes a binary frame apart: version 1, kind 1, two zero bytes, the header's length (little-endian), the header in
 * JSON, then the picture.
 *
 * @returns undefined for any other version or kind
 */
export function parsePreview(frame: ArrayBuffer): PreviewFrame | undefined {
  if (frame.byteLength < 8) return undefined;
  const view = new DataView(frame);
  const length = view.getUint32(4, true);
  if (view.getUint8(0) !== 1 || view.getUint8(1) !== 1 || 8 + length > frame.byteLength) return undefined;
  const header = parseMessageBody(new TextDecoder().decode(new Uint8Array(frame, 8, length)));
  const taskId = header?.["task_id"];
  const mime = header?.["mime"];
  if (typeof taskId !== "string" || typeof mime !== "string" || !mime.startsWith("image/")) return undefined;
  return { taskId, mime, image: new Uint8Array(frame, 8 + length) };
}

/** Splits what has arrived of an event stream: the data of whole events, and the rest to keep for later. */
export function splitEvents(text: string): Readonly<{ data: readonly string[]; rest: string }> {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  const data = blocks.map((block) =>
    block
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5).trim())
      .join(""),
  );
  return { data: data.filter((one) => one !== ""), rest };
}

/** A result's address on the host this page came from, whatever name the server thinks it has. */
export function localUrl(url: string): string {
  const at = url.indexOf("/outputs/");
  return at < 0 ? url : url.slice(at + 1);
}

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

/** A value as text; empty for what is neither text nor number. */
export function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseMessageBody(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
