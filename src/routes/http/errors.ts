import { InvalidRequest, locOf, shortened } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { UndecodableBody } from "#/api/read.ts";
import { clientSentence } from "#/lib/client-sentence.ts";
import { AppError, type ErrorCode, toWireError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { OversizedBody } from "./body-limit.ts";
import { knownCodings, PackedBody } from "./content-encoding.ts";
import { type Refusal, type RefusalForm, refused } from "./refusal.ts";
import { jsonReply } from "./replies.ts";

/** The one place where a failure gets its status. */
const statuses = {
  "invalid-value": 422,
  "unknown-model": 422,
  "missing-model": 422,
  "unusable-model": 422,
  "bad-image": 422,
  "no-metadata": 422,
  "unreachable-url": 422,
  "too-large": 422,
  "queue-full": 429,
  "unknown-task": 404,
  "unknown-member": 404,
  conflict: 409,
  gone: 410,
  "malformed-key": 400,
  "reused-key": 422,
  forbidden: 403,
  "file-unreadable": 500,
  "header-invalid": 500,
  "weight-missing": 500,
  "weight-shape": 500,
  "layout-unsupported": 500,
  "dtype-unsupported": 500,
  "lora-unsupported": 500,
  "out-of-memory": 503,
  "provider-missing": 503,
  "worker-died": 503,
  "session-failed": 500,
  "storage-failed": 500,
  "storage-away": 503,
  "disk-full": 507,
  "bad-setting": 500,
  "fleet-unavailable": 503,
  "no-worker": 503,
  interrupted: 503,
  bug: 500,
} as const satisfies Record<ErrorCode, number>;

/** A refusal as its door words it: JSON, or plain text. */
export function refusalReply(
  refusal: Refusal,
  { refusalBody, refusalStatus, refusalHeaders }: RefusalForm,
): Response {
  const body = refusalBody(refusal);
  const usual = statusOf(refusal);
  const status = refusalStatus?.(refusal, usual) ?? usual;
  const answer = typeof body === "string" ? plainReply(body, status) : jsonReply(body, status);
  const usualHeaders = refusal.type === "sentence" ? refusal.headers : undefined;
  const headers = { ...usualHeaders, ...refusalHeaders?.(refusal) };
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
  // What passes by itself says when to come again; clients' libraries wait that long by themselves.
  if (status === 429 || status === 503) answer.headers.set("retry-after", retryAfter);
  return answer;
}

function statusOf(refusal: Refusal): number {
  switch (refusal.type) {
    case "problems":
      return 422;
    case "sentence":
      return refusal.status;
    case "unexpected":
      return 500;
  }
}

const plainReply = (text: string, status: number): Response =>
  new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });

/**
 * Any thrown value as an answer of a door: the problems of the request, or a sentence for everything else. What nobody
 * expected is logged and says nothing of its insides.
 *
 * @param request the id of the request, for the log
 */
export const errorReply = (thrown: unknown, log: Log, form: RefusalForm, request?: string): Response =>
  refusalReply(refusalOf(thrown, log, request), form);

function refusalOf(thrown: unknown, log: Log, request: string | undefined): Refusal {
  if (thrown instanceof InvalidRequest) {
    const { issues: problems, body } = thrown;
    return { type: "problems", problems, ...(body === undefined ? {} : { body }) };
  }
  if (thrown instanceof UndecodableBody) return refused(400, thrown.message);
  if (thrown instanceof PackedBody)
    return refused(
      thrown.status,
      thrown.message,
      thrown.status === 415 ? { "accept-encoding": knownCodings } : {},
    );
  if (thrown instanceof OversizedBody) return refused(413, thrown.message);
  if (thrown instanceof AppError && thrown.code !== "bug") return appRefusal(thrown, log, request);
  log.error("a request failed unexpectedly", {
    error: thrown instanceof Error ? thrown.stack : String(thrown),
    request,
  });
  return { type: "unexpected" };
}

/** Seconds until another try may do better: a small picture is made by then, a server started anew. */
const retryAfter = "10";

const bodyLoc = (field: unknown): readonly (string | number)[] =>
  typeof field === "string" ? ["body", ...field.split(".").map(locOf)] : ["body"];

/** Characters of a sentence: what a request holds may be quoted in it. */
const longest = 2000;

function appRefusal(thrown: AppError, log: Log, request: string | undefined): Refusal {
  const { code, details } = thrown;
  const said = clientSentence(toWireError(thrown));
  if (said !== thrown.message) log.warn("a request was refused", { error: thrown.message, request });
  const status = statuses[code];
  const message = said.length <= longest ? said : `${said.slice(0, longest)}…`;
  if (status !== 422) return refused(status, message);
  const { field, value, cause } = details;
  const loc = code === "reused-key" ? ["header", "idempotency-key"] : bodyLoc(field);
  const ctx = { error: code, ...(typeof cause === "string" ? { cause } : {}) };
  const echo: Json = Array.isArray(value) ? [...value] : (value ?? null);
  return {
    type: "problems",
    problems: [{ type: typeOf(code), loc, msg: message, input: shortened(echo), ctx }],
  };
}

/** Failures that the contract has a word for: a name or value that is not there, or cannot be used. */
const valueErrors: readonly ErrorCode[] = [
  "invalid-value",
  "unknown-model",
  "missing-model",
  "unusable-model",
];

/** The contract's word, or ours where it has none. */
const typeOf = (code: ErrorCode): string =>
  valueErrors.includes(code) ? "value_error" : code.replaceAll("-", "_");
