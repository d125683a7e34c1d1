import { createMcpHandler } from "@modelcontextprotocol/server";
import type { Json } from "#/api/json.ts";
import type { DoorParts } from "#/routes/door.ts";
import type { InFlight } from "./in-flight.ts";
import { mcpServer } from "./server.ts";

/** A message with who sent it. */
export type Sent = Readonly<{ body: Json; asker: string }>;

/** Answers messages of every revision that the SDK speaks. */
export function mcpHandler(
  parts: DoorParts,
  inFlight: InFlight,
): (request: Request, sent: Sent) => Promise<Response> {
  const askers = new WeakMap<Request, string>();
  const { fetch } = createMcpHandler(
    ({ era, requestInfo }) => {
      const request = requestInfo ?? new Request("http://localhost/");
      return mcpServer({ parts, inFlight, era, request, asker: askers.get(request) ?? "" });
    },
    {
      onerror: ({ message }) => parts.log.debug("a message of the protocol was refused", { error: message }),
    },
  );
  return async (request, { body, asker }) => {
    askers.set(request, asker);
    return await fetch(request, { parsedBody: body });
  };
}
