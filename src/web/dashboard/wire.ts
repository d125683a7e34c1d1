import { isObject } from "./values.ts";

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
