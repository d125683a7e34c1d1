import { createMcpHandler } from "@modelcontextprotocol/server";
import { isJsonObject, type Json } from "#/api/json.ts";
import type { DoorParts } from "#/routes/door.ts";
import type { InFlight } from "./in-flight.ts";
import { mcpServer } from "./server.ts";
import { takesEvents } from "./with-accept.ts";

/** A message with who sent it. */
export type Sent = Readonly<{ body: Json; asker: string }>;

/**
 * Answers messages of every revision that the SDK speaks. Calls of tools are answered in events where the client takes them: a
 * picture takes minutes, and whoever stands between us cuts a line on which nothing is said, which takes the call back.
 */
export function mcpHandler(
  parts: DoorParts,
  inFlight: InFlight,
): (request: Request, sent: Sent) => Promise<Response> {
  const askers = new WeakMap<Request, string>();
  const handling = (responseMode: "auto" | "sse") =>
    createMcpHandler(
      ({ era, requestInfo }) => {
        const request = requestInfo ?? new Request("http://localhost/");
        return mcpServer({ parts, inFlight, era, request, asker: askers.get(request) ?? "" });
      },
      {
        responseMode,
        onerror: ({ message }) =>
          parts.log.debug("a message of the protocol was refused", { error: message }),
      },
    );
  const [single, streamed] = [handling("auto"), handling("sse")];
  return async (request, { body, asker }) => {
    askers.set(request, asker);
    const isCall = isJsonObject(body) && body["method"] === "tools/call";
    const { fetch } = isCall && takesEvents(request) ? streamed : single;
    return await fetch(request, { parsedBody: body });
  };
}
