const both = "application/json, text/event-stream";

/**
 * A request of a client that does not say what it takes, or takes anything, or forgot that answers may be plain JSON: the
 * protocol wants both kinds named and the SDK refuses what does not. Who says that it takes JSON only is left alone: an answer
 * in events is no answer to it.
 *
 * @returns one without a body, which was read before
 */
export function withAccept(request: Request): Request {
  const { url, method, signal } = request;
  const headers = new Headers(request.headers);
  const said = headers.get("accept")?.trim() ?? "";
  if (said === "" || said.includes("*/*") || /text\/event-stream/i.test(said)) headers.set("accept", both);
  return new Request(url, { method, headers, signal });
}

/** Whether a client takes events. */
export const takesEvents = ({ headers }: Request): boolean =>
  /text\/event-stream/i.test(headers.get("accept") ?? "");
