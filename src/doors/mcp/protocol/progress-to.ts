import type { ServerContext } from "@modelcontextprotocol/server";
import type { Call } from "../call.ts";
import { takesEvents } from "./with-accept.ts";

/**
 * Tells of progress on the stream of a request, if its client gave a token and takes events. The protocol wants every number
 * above the one before, so what is no further is not told.
 */
export function progressTo(
  { _meta: meta, notify }: Pick<ServerContext["mcpReq"], "_meta" | "notify">,
  request: Request,
): Call["tell"] {
  const token = meta?.progressToken;
  if (token === undefined || !takesEvents(request)) return () => Promise.resolve();
  let reached = -1;
  return async ({ percent, message }) => {
    if (percent <= reached) return;
    reached = percent;
    const params = { progressToken: token, progress: percent, total: 100, message };
    // Nobody hears it where the connection is gone, and that is found out elsewhere.
    await notify({ method: "notifications/progress", params }).catch(() => undefined);
  };
}
