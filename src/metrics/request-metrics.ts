import { Gauge, Histogram, type Registry } from "prom-client";
import type { RequestMeter } from "#/routes/http/observe.ts";

export type RequestMetrics = RequestMeter;

/** Seconds: from an answer out of memory to a picture that is waited for. */
const buckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300];

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "DELETE", "OPTIONS"]);

/** Requests by route, method and status, and what is connected now. */
export function requestMetrics(registry: Registry): RequestMetrics {
  const seconds = new Histogram({
    name: "fooocusd_http_request_duration_seconds",
    help: "Time until requests were answered, by route as it is declared; event streams and live connections are not in it.",
    labelNames: ["method", "route", "status"],
    buckets,
    registers: [registry],
  });
  const open = new Gauge({
    name: "fooocusd_connections",
    help: "Event streams and live connections (WebSocket) that are open.",
    labelNames: ["kind"],
    registers: [registry],
  });
  for (const kind of ["stream", "socket"]) open.set({ kind }, 0);
  return {
    began: (kind) => open.inc({ kind }),
    over: ({ method, route = "none", status, milliseconds, connection }) => {
      if (connection !== undefined) return open.dec({ kind: connection });
      const labels = { method: methods.has(method) ? method : "other", route, status };
      seconds.observe(labels, milliseconds / 1000);
    },
  };
}
