const methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/**
 * The headers that let a web page of another origin read an answer; none for requests that name no origin.
 *
 * @param allowed origins that may; an empty list, or `*` in it, allows all
 */
export function corsHeaders(request: Request, allowed: readonly string[]): Readonly<Record<string, string>> {
  const origin = request.headers.get("origin");
  if (origin === null || !mayRead(origin, allowed)) return {};
  const named = !allowsAll(allowed) || request.headers.has("cookie");
  return {
    "access-control-allow-origin": named ? origin : "*",
    "access-control-allow-credentials": "true",
    ...(named ? { vary: "Origin" } : {}),
  };
}

/** The answer to a browser's question beforehand; undefined when the request is none. */
export function preflight(request: Request, allowed: readonly string[]): Response | undefined {
  const origin = request.headers.get("origin");
  const method = request.headers.get("access-control-request-method");
  if (request.method !== "OPTIONS" || origin === null || method === null) return undefined;
  if (!mayRead(origin, allowed)) return plain("Disallowed CORS origin", 400);
  if (!methods.includes(method)) return plain("Disallowed CORS method", 400);
  const answer = plain("OK", 200);
  answer.headers.set("access-control-allow-origin", origin);
  answer.headers.set("access-control-allow-credentials", "true");
  answer.headers.set("access-control-allow-methods", methods.join(", "));
  answer.headers.set("access-control-max-age", "600");
  answer.headers.set("vary", "Origin");
  const wanted = request.headers.get("access-control-request-headers");
  if (wanted !== null) answer.headers.set("access-control-allow-headers", wanted);
  return answer;
}

/** Whether pages of an origin are let in. */
export const mayRead = (origin: string, allowed: readonly string[]): boolean =>
  allowsAll(allowed) || allowed.includes(origin);

const allowsAll = (allowed: readonly string[]): boolean => allowed.length === 0 || allowed.includes("*");

const plain = (text: string, status: number): Response =>
  new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
