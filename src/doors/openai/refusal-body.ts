import type { Issue } from "#/api/issues.ts";
import { isRequestCode, type WireError } from "#/lib/errors.ts";
import type { Refusal, RefusalBody, RefusalForm } from "#/routes/http/refusal.ts";
import { OpenAiError } from "./api/error.ts";
import { inTheseWords } from "./api/other-words.ts";

/** An error as OpenAI's clients read it; without `message` below `error` they show that there was no body. */
export type ErrorBody = Readonly<{
  error: Readonly<{
    message: string;
    type: "invalid_request_error" | "rate_limit_error" | "server_error";
    param: string | null;
    code: string | null;
  }>;
}>;

/** Problems that one sentence names. */
const mostTold = 5;

/** The statuses are OpenAI's as well: what is wrong with a request is a 400, and with its key a 401. */
export const openAiRefusals: RefusalForm = {
  refusalSchemas: { problems: OpenAiError, sentence: OpenAiError },
  refusalBody: (refusal): RefusalBody => bodyOf(refusal),
  refusalStatus: (refusal, usual) => {
    if (refusal.type === "problems") return 400;
    return refusal.type === "sentence" && refusal.about === "key" ? 401 : usual;
  },
};

function bodyOf(refusal: Refusal): ErrorBody {
  switch (refusal.type) {
    case "problems": {
      const [first] = refusal.problems;
      const message = refusal.problems.slice(0, mostTold).map(sentenceOf).join(" ");
      const param = first === undefined ? "" : pathOf(first);
      return {
        error: {
          message,
          type: "invalid_request_error",
          param: param === "" ? null : param,
          code: codeOf(first),
        },
      };
    }
    case "sentence":
      return ofStatus(refusal);
    case "unexpected":
      return failureBody(unexpected);
  }
}

function ofStatus({ status, sentence, about }: Extract<Refusal, { type: "sentence" }>): ErrorBody {
  if (about === "key") {
    const message =
      "The API key is missing or wrong. Send one of the server's keys: Authorization: Bearer <key>.";
    return error(message, "invalid_request_error", "invalid_api_key");
  }
  if (status === 429) return error(sentence, "rate_limit_error", "rate_limit_exceeded");
  return error(sentence, status < 500 ? "invalid_request_error" : "server_error", codes[status] ?? null);
}

const codes: Readonly<Record<number, string>> = {
  404: "not_found",
  405: "method_not_allowed",
  409: "conflict",
  410: "gone",
  413: "too_large",
  503: "unavailable",
  507: "disk_full",
};

const error = (message: string, type: ErrorBody["error"]["type"], code: string | null): ErrorBody => ({
  error: { message, type, param: null, code },
});

/** A failure of a task: an event has less of it than a row. */
export type Failure = Readonly<{ code: string; message: string; details?: WireError["details"] }>;

/** A fault of ours, of which clients are told nothing. */
export const unexpected: Failure = {
  code: "internal_error",
  message: "The server failed, and its log says why.",
};

/** Why there is no picture, or not all of them. */
export function failureBody({ code, message, details = {} }: Failure): ErrorBody {
  const { field } = details;
  return {
    error: {
      message: inTheseWords(message),
      type: isRequestCode(code) ? "invalid_request_error" : "server_error",
      param: typeof field === "string" ? inTheseWords(field) : null,
      code: code.replaceAll("-", "_"),
    },
  };
}

const pathOf = ({ type, loc }: Issue): string =>
  type === "json_invalid" ? "" : loc.filter((step, at) => at > 0 || step !== "body").join(".");

/** The contract's sentences leave it to the path which field they are about; those of refusals have it. */
function sentenceOf(issue: Issue): string {
  if (issue.type === "json_invalid")
    return `The body is no JSON: ${String(issue.ctx?.["error"])}, at character ${String(issue.loc.at(-1))}.`;
  const path = pathOf(issue);
  const hasPath = path === "" || issue.msg.split(/[^\w.[\]]+/).includes(path);
  const said = hasPath ? issue.msg : `${path}: ${issue.msg}`;
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

function codeOf(issue: Issue | undefined): string | null {
  if (issue === undefined) return null;
  if (issue.type === "missing") return "missing_required_parameter";
  const own = issue.type === "value_error" ? issue.ctx?.["error"] : undefined;
  return typeof own === "string" ? own.replaceAll("-", "_") : issue.type;
}
