/**
 * Everything that can go wrong, by who can act on it. A code is the stable name of a failure: routes map it to an
 * HTTP status in one table (`routes/http/errors.ts`), the thread boundary carries it, the live channel prints it.
 * The message says what happened, where, and the way out.
 */
const requestCodes = [
  "invalid-value",
  "unknown-model",
  "missing-model",
  "unusable-model",
  "bad-image",
  "no-metadata",
  "unreachable-url",
  "too-large",
  "queue-full",
  "unknown-task",
  "unknown-member",
  "conflict",
  "gone",
  "malformed-key",
  "reused-key",
  "forbidden",
] as const;

const modelCodes = [
  "file-unreadable",
  "header-invalid",
  "weight-missing",
  "weight-shape",
  "layout-unsupported",
  "dtype-unsupported",
  "lora-unsupported",
] as const;

const engineCodes = [
  "out-of-memory",
  "provider-missing",
  "worker-died",
  "session-failed",
  "storage-failed",
  "storage-away",
  "disk-full",
  "bad-setting",
  "fleet-unavailable",
  "no-worker",
  "interrupted",
] as const;

export type RequestErrorCode = (typeof requestCodes)[number];
export type ModelErrorCode = (typeof modelCodes)[number];
export type EngineErrorCode = (typeof engineCodes)[number];
export type BugErrorCode = "bug";
export type ErrorCode = RequestErrorCode | ModelErrorCode | EngineErrorCode | BugErrorCode;

/** Facts beside the sentence; plain data, so that they survive a structured clone and JSON. */
export type ErrorDetails = Readonly<
  Record<string, string | number | boolean | null | readonly (string | number)[]>
>;

/** An expected failure with a stable code. Not thrown itself: its four subclasses say who can act. */
export abstract class AppError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
    this.name = new.target.name;
  }
}

/** The caller can act: names the field (`details.field`, a dotted path), the value and what is allowed. */
export class RequestError extends AppError<RequestErrorCode> {}

/** Whoever put the file there can act: names the path, the key, the expected and the found shape. */
export class ModelError extends AppError<ModelErrorCode> {}

/** The operator can act: memory, providers, disk, a worker that died. */
export class EngineError extends AppError<EngineErrorCode> {}

/** We can act: a promise of the code was broken; the details hold the facts. */
export class BugError extends AppError<BugErrorCode> {
  constructor(message: string, details: ErrorDetails = {}, cause?: unknown) {
    super("bug", message, details, cause);
  }
}

/**
 * Whether a failure is a store's: `storage-failed` is for what is broken or may not be used, until somebody mends it;
 * `storage-away` for what cannot be reached for now, and passes; `disk-full` for want of room.
 */
export const isStorageCode = (code: ErrorCode): boolean =>
  code === "storage-failed" || code === "storage-away" || code === "disk-full";

/** An error as plain data, for the thread boundary and the history. */
export type WireError = Readonly<{ code: ErrorCode; message: string; details: ErrorDetails }>;

/** Whether a failure is the caller's to mend. */
export const isRequestCode = (code: string): code is RequestErrorCode =>
  (requestCodes as readonly string[]).includes(code);

/** Any thrown value as plain data; what is not an {@link AppError} becomes code `bug` with its own message. */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof AppError) {
    return { code: thrown.code, message: thrown.message, details: thrown.details };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const stack = thrown instanceof Error && thrown.stack !== undefined ? { stack: thrown.stack } : {};
  return { code: "bug", message, details: stack };
}

/** A failure that came as plain data, to be thrown on. */
export function errorOf({ code, message, details }: WireError): AppError {
  if (isRequestCode(code)) return new RequestError(code, message, details);
  const ofModel = modelCodes.find((one) => one === code);
  if (ofModel !== undefined) return new ModelError(ofModel, message, details);
  const ofEngine = engineCodes.find((one) => one === code);
  return ofEngine === undefined
    ? new BugError(message, details)
    : new EngineError(ofEngine, message, details);
}
