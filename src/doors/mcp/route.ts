import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { InvalidRequest } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { readJson, UndecodableBody } from "#/api/read.ts";
import type { DoorParts } from "#/routes/door.ts";
import { headerKeys } from "#/routes/http/auth.ts";
import { plainBodyOf } from "#/routes/http/content-encoding.ts";
import { refusalReply } from "#/routes/http/errors.ts";
import { refused } from "#/routes/http/refusal.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { mcpPath } from "./names.ts";
import { cancelNamed } from "./protocol/cancel-named.ts";
import { InFlight } from "./protocol/in-flight.ts";
import { originRefusal } from "./protocol/origin.ts";
import { withAccept } from "./protocol/with-accept.ts";
import { refusalBody } from "./refusal-body.ts";

/** An object of which the description of the API says no more: its words are the protocol's. */
const open = (title: string, description: string) =>
  Type.Object({}, { title, description, additionalProperties: true });

const Message = Type.Object(
  {
    jsonrpc: Type.Literal("2.0"),
    id: Type.String({ description: "A text or a whole number; a notification has none." }),
    method: Type.String(),
    params: open("McpParams", "What the method takes."),
  },
  {
    title: "McpMessage",
    description: "One JSON-RPC message of the Model Context Protocol.",
    requiredKeys: ["jsonrpc", "method"],
  },
);
const Answer = open("McpAnswer", "A JSON-RPC answer.");

/**
 * The one route of the protocol. The protocol itself (its revisions, JSON-RPC, event streams) is the official SDK's, which is
 * loaded with the first message; a fresh instance answers each, so there is nothing to keep between two.
 */
export function mcpRoute(parts: DoorParts) {
  const inFlight = new InFlight();
  const sdk = lazily(async () => (await import("./protocol/handler.ts")).mcpHandler(parts, inFlight));
  return new Elysia({ name: "doors/mcp" }).post(
    mcpPath,
    async ({ request, server }): Promise<Response> => {
      const foreign = originRefusal(request, parts.corsOrigins);
      if (foreign !== undefined) return refusalReply(refused(403, foreign), { refusalBody });
      const body = await messageIn(request);
      if (body instanceof Response) return body;
      const asker = askerOf(request, server?.requestIP(request)?.address);
      cancelNamed(body, asker, inFlight);
      const handler = await sdk();
      return await handler(withAccept(request), { body, asker });
    },
    {
      parse: "none",
      detail: {
        tags: ["MCP"],
        operationId: "mcp",
        summary: "A message of the Model Context Protocol",
        description:
          "Streamable HTTP, revisions 2026-07-28 and 2025-11-25 and older, without sessions. A request is answered with JSON " +
          "or an event stream, a notification with 202. See docs/mcp.md.",
        requestBody: jsonRequest(Message),
        responses: {
          200: jsonAnswer(Answer, "The answer, or events and then the answer."),
          202: { description: "A notification was heard." },
          400: { description: "No JSON, or no message of the protocol: a JSON-RPC error says why." },
        },
      },
    },
  );
}

/**
 * What is not declared as JSON is nothing here: the SDK then says which type it wants, whatever the body is.
 *
 * @returns the body as JSON, or the answer to what is none
 */
async function messageIn(request: Request): Promise<Json | Response> {
  const bytes = await plainBodyOf(request);
  if (!/^\s*application\/json\s*(?:;|$)/i.test(request.headers.get("content-type") ?? "")) return null;
  try {
    return readJson(bytes);
  } catch (thrown) {
    if (!(thrown instanceof InvalidRequest || thrown instanceof UndecodableBody)) throw thrown;
    const why = thrown instanceof InvalidRequest ? thrown.issues[0]?.ctx?.["error"] : "it is not UTF-8";
    const message = `The body is no JSON${typeof why === "string" ? `: ${why}` : ""}.`;
    return jsonReply({ jsonrpc: "2.0", id: null, error: { code: -32700, message } }, 400);
  }
}

/** Who asks, as far as that can be told without sessions. */
const askerOf = (request: Request, address: string | undefined): string =>
  JSON.stringify([headerKeys(request), address ?? "", request.headers.get("user-agent") ?? ""]);

/** What is made when it is first asked for, and once. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
