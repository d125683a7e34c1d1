import { Server, type ServerContext } from "@modelcontextprotocol/server";
import { version } from "#/lib/version.ts";
import { addressesFor } from "#/routes/answers/addresses.ts";
import type { DoorParts } from "#/routes/door.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import type { Call } from "../call.ts";
import { callTool } from "../call-tool.ts";
import { tools } from "../tools.ts";
import type { InFlight } from "./in-flight.ts";
import { knowsLinks, withoutLinks } from "./older-results.ts";
import { progressTo } from "./progress-to.ts";
import { serveResources } from "./resources.ts";
import { serveTasks, takesTasks, tasksExtension } from "./tasks.ts";

export type ServerParts = Readonly<{
  parts: DoorParts;
  inFlight: InFlight;
  /** `modern` is 2026-07-28, `legacy` everything before. */
  era: "modern" | "legacy";
  request: Request;
  asker: string;
}>;

const instructions =
  "Makes and edits pictures with SDXL checkpoints. list_models says which models, styles and sizes there are. A picture may " +
  "take minutes: ask generate or edit with wait false and follow the job with job_status where your time for a call is short. " +
  "SDXL draws what a prompt describes; it does not follow instructions.";

/** What one message is answered by. */
export function mcpServer(given: ServerParts): Server {
  const { parts, era, request } = given;
  const answering = { parts, addresses: addressesFor(request, parts.addresses) };
  const server = new Server(
    { name: "fooocusd", title: "fooocusd", version },
    {
      instructions,
      capabilities: {
        tools: {},
        resources: {},
        ...(era === "modern" ? { extensions: { [tasksExtension]: {} } } : {}),
      },
    },
  );
  server.setRequestHandler("tools/list", () => ({ tools: tools.map(({ listed }) => listed) }));
  server.setRequestHandler("tools/call", async ({ params }, context) => {
    const { call, end } = callOf(given, answering, {
      ...context,
      takesTask: era === "modern" && takesTasks(server),
    });
    try {
      const result = await callTool(params.name, params.arguments ?? {}, call);
      return era === "modern" || knowsLinks(request) ? result : withoutLinks(result);
    } finally {
      end();
    }
  });
  serveResources(server, answering);
  if (era === "modern") serveTasks(server, answering);
  return server;
}

/**
 * A closed connection takes a call back in the newest revision; before it does not, and `notifications/cancelled` does: each as
 * its revision says.
 */
function callOf(
  { inFlight, era, request, asker }: ServerParts,
  answering: Pick<Call, "parts" | "addresses">,
  { mcpReq, takesTask }: ServerContext & Pick<Call, "takesTask">,
): Readonly<{ call: Call; end: () => void }> {
  const { signal: gone } = mcpReq;
  const { signal, end } = inFlight.begin(asker, mcpReq.id);
  const call = {
    ...answering,
    requestId: requestIdOf(request),
    cancelled: era === "modern" ? AbortSignal.any([gone, signal]) : signal,
    gone,
    takesTask,
    tell: progressTo(mcpReq, request),
  };
  return { call, end };
}
