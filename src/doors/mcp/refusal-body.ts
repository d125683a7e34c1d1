import type { Refusal, RefusalBody } from "#/routes/http/refusal.ts";

/** JSON-RPC's codes: what was sent is no request, a fault of ours, and one of the range that is left to servers. */
const codes = { invalid: -32600, fault: -32603, other: -32000 } as const;

/** A refusal as a JSON-RPC error that answers no particular request: it was refused before one was read. */
export function refusalBody(refusal: Refusal): RefusalBody {
  switch (refusal.type) {
    case "problems":
      return rpcError(codes.invalid, refusal.problems.map(({ msg }) => msg).join("; "));
    case "sentence":
      return rpcError(refusal.status === 400 ? codes.invalid : codes.other, sentenceFor(refusal));
    case "unexpected":
      return rpcError(codes.fault, "Something went wrong on the server; its log says what.");
  }
}

/** What is shown to people who set up a client: the bare words of HTTP would not tell them what to do. */
function sentenceFor({ status, sentence }: Extract<Refusal, { type: "sentence" }>): string {
  if (status === 403 && sentence === "Forbidden")
    return "Forbidden: this server wants a key; send it as the header Authorization: Bearer <key>.";
  if (status === 405) return "Method Not Allowed: messages are posted here, and there are no sessions.";
  return sentence;
}

const rpcError = (code: number, message: string): RefusalBody => ({
  jsonrpc: "2.0",
  id: null,
  error: { code, message },
});
