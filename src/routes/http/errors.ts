import { InvalidRequest, shortened } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { UndecodableBody } from "#/api/read.ts";
import { clientSentence } from "#/lib/client-sentence.ts";
import { AppError, type ErrorCode, toWireError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { OversizedBody } from "./body-limit.ts";
import { knownCodings, PackedBody } from "./content-encoding.ts";
import { jsonReply } from "./replies.ts";

/** The one place where a failure gets its status. */
const statuses = {
  "invalid-value": 422,
  "not-implemented": 422,
  "unknown-model": 422,
  "missing-model": 422,
  "unusable-model": 422,
  "bad-image": 422,
  "no-metadata": 422,
  "unreachable-url": 422,
  "too-large": 422,
  "queue-full": 429,
  "unknown-task": 404,
  conflict: 409,
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
  "storage-failed": 507,
  "bad-setting": 500,
  interrupted: 503,
  bug: 500,
} as const satisfies Record<ErrorCode, number>;

/**
 * Any thrown value as an answer in FastAPI's shape: a list of problems for what was wrong with the request, a sentence
 * for everything else. What nobody expected is logged and says nothing of its insides.
 */
export function errorReply(thrown: unknown, log: Log): Response {
  if (thrown instanceof InvalidRequest) {
    const { issues: detail, body } = thrown;
    return jsonReply(body === undefined ? { detail } : { detail, body }, 422);
  }
  if (thrown instanceof UndecodableBody) return jsonReply({ detail: thrown.message }, 400);
  if (thrown instanceof PackedBody) return packedReply(thrown);
  if (thrown instanceof OversizedBody) return jsonReply({ detail: thrown.message }, 413);
  if (thrown instanceof AppError && thrown.code !== "bug") return withRetry(appErrorReply(thrown, log));
  log.error("a request failed unexpectedly", {
    error: thrown instanceof Error ? thrown.stack : String(thrown),
  });
  return new Response("Internal Server Error", {
    status: 500,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

function packedReply({ status, message }: PackedBody): Response {
  const answer = jsonReply({ detail: message }, status);
  if (status === 415) answer.headers.set("accept-encoding", knownCodings);
  return answer;
}

/** Seconds until another try may do better: a small picture is made by then, a server started anew. */
const retryAfter = "10";

/** What passes by itself says when to come again; clients' libraries wait that long by themselves. */
function withRetry(answer: Response): Response {
  if (answer.status === 429 || answer.status === 503) answer.headers.set("retry-after", retryAfter);
  return answer;
}

/** A place in a list is a number. */
const locOf = (part: string): string | number => (/^\d+$/.test(part) ? Number(part) : part);

/** Characters of a sentence: what a request holds may be quoted in it. */
const longest = 2000;

function appErrorReply(thrown: AppError, log: Log): Response {
  const { code, details } = thrown;
  const said = clientSentence(toWireError(thrown));
  if (said !== thrown.message) log.warn("a request was refused", { error: thrown.message });
  const status = statuses[code];
  const message = said.length <= longest ? said : `${said.slice(0, longest)}…`;
  if (status !== 422) return jsonReply({ detail: message }, status);
  const { field, value, cause } = details;
  const loc = typeof field === "string" ? ["body", ...field.split(".").map(locOf)] : ["body"];
  const ctx = { error: code, ...(typeof cause === "string" ? { cause } : {}) };
  const echo: Json = Array.isArray(value) ? [...value] : (value ?? null);
  const problem = { type: typeOf(code), loc, msg: message, input: shortened(echo), ctx };
  return jsonReply({ detail: [problem] }, status);
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
