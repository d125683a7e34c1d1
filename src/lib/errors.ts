/**
 * Everything that can go wrong, by who can act on it. A code is the stable name of a failure: routes map it to an
 * HTTP status in one table (`routes/http/errors.ts`), the thread boundary carries it, the live channel prints it.
 * The message says what happened, where, and the way out.
 */
const requestCodes = [
  "invalid-value",
  "not-implemented",
  "unknown-model",
  "missing-model",
  "unusable-model",
  "bad-image",
  "no-metadata",
  "unreachable-url",
  "too-large",
  "queue-full",
  "unknown-task",
  "conflict",
  "forbidden",
] as const;
const modelCodes = [
  "file-unreadable",
  "header-invalid",
  "weight-missing",
  "weight-shape",
  "layout-unknown",
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
  "bad-setting",
  "interrupted",
] as const;
const bugCodes = ["bug"] as const;

export type RequestErrorCode = (typeof requestCodes)[number];
export type ModelErrorCode = (typeof modelCodes)[number];
export type EngineErrorCode = (typeof engineCodes)[number];
export type BugErrorCode = (typeof bugCodes)[number];
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

/** An error as plain data, for the thread boundary and the history. */
export type WireError = Readonly<{ code: ErrorCode; message: string; details: ErrorDetails }>;

const oneOf = <T extends string>(list: readonly T[], code: ErrorCode): code is T & ErrorCode =>
  (list as readonly string[]).includes(code);

/** Whether a failure is the caller's to mend. */
export const isRequestCode = (code: ErrorCode): code is RequestErrorCode => oneOf(requestCodes, code);

/** Any thrown value as plain data; what is not an {@link AppError} becomes code `bug` with its own message. */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof AppError) {
    return { code: thrown.code, message: thrown.message, details: thrown.details };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const stack = thrown instanceof Error && thrown.stack !== undefined ? { stack: thrown.stack } : {};
  return { code: "bug", message, details: stack };
}

/**
 * The inverse of {@link toWireError}: plain data back into the class that owns its code.
 *
 * @public for callers that give an engine's failure on as an exception
 */
export function fromWireError(wire: WireError): AppError {
  const { code, message, details } = wire;
  if (oneOf(requestCodes, code)) return new RequestError(code, message, details);
  if (oneOf(modelCodes, code)) return new ModelError(code, message, details);
  if (oneOf(engineCodes, code)) return new EngineError(code, message, details);
  return new BugError(message, details);
}
