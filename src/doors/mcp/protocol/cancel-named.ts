import { isJsonObject, type Json } from "#/api/json.ts";
import type { InFlight } from "./in-flight.ts";

/** Ends the requests that `notifications/cancelled` in a body name; the SDK cannot, since another instance answers them. */
export function cancelNamed(body: Json, asker: string, inFlight: InFlight): void {
  for (const message of Array.isArray(body) ? body : [body]) {
    if (!isJsonObject(message) || message["method"] !== "notifications/cancelled") continue;
    const { params } = message;
    const id = params !== undefined && isJsonObject(params) ? params["requestId"] : undefined;
    if (typeof id === "string" || typeof id === "number") inFlight.cancel(asker, id);
  }
}
