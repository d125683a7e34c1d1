import type { Json } from "#/api/json.ts";
import type { Log } from "#/lib/log.ts";
import { errorReply } from "#/routes/http/errors.ts";
import type { Refusal, RefusalBody } from "#/routes/http/refusal.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import { refusalBody } from "./refusal-body.ts";

/** Bytes from which an answer is compressed. */
const smallest = 1000;

/**
 * An answer in the manner of the legacy API: a refusal's 422 says under `body` what was sent, and a JSON answer of 1000
 * bytes or more is compressed for a client that takes it. Pictures are left alone: they are compressed already.
 *
 * @param handle gets a way to say what the body was, as soon as it is known
 */
export async function legacyAnswer(
  request: Request,
  log: Log,
  handle: (seen: (body: Json) => void) => Response | Promise<Response>,
): Promise<Response> {
  let body: Json = null;
  try {
    const answer = await handle((seen) => {
      body = seen;
    });
    return await compressed(answer, request);
  } catch (thrown) {
    const shape = (refusal: Refusal): RefusalBody =>
      refusalBody(refusal.type === "problems" ? { ...refusal, body } : refusal);
    return await compressed(errorReply(thrown, log, { refusalBody: shape }, requestIdOf(request)), request);
  }
}

async function compressed(answer: Response, request: Request): Promise<Response> {
  if (answer.headers.get("content-type")?.startsWith("image/") === true) return answer;
  // An answer's own header takes the place of the one that goes with its origin, so both are said here.
  answer.headers.set("vary", request.headers.has("origin") ? "Accept-Encoding, Origin" : "Accept-Encoding");
  if (!takesGzip(request.headers.get("accept-encoding") ?? "")) return answer;
  const { status, headers } = answer;
  const bytes = await answer.bytes();
  if (bytes.length < smallest) return new Response(bytes.length === 0 ? null : bytes, { status, headers });
  headers.set("content-encoding", "gzip");
  return new Response(Bun.gzipSync(bytes), { status, headers });
}

/** Whether an Accept-Encoding header names gzip, and not with weight 0. */
const takesGzip = (header: string): boolean =>
  header.split(",").some((part) => {
    const [name = "", ...parameters] = part.toLowerCase().split(";");
    return name.trim() === "gzip" && !parameters.some((text) => /^\s*q\s*=\s*0(\.0*)?\s*$/.test(text));
  });
