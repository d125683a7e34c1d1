import { Elysia } from "elysia";
import { healthRoute, type ReadyCheck } from "./health.ts";
import { headerKeys, keyRefusal } from "./http/auth.ts";
import { jsonReply } from "./http/replies.ts";
import { type MetricsPage, metricsRoute } from "./metrics.ts";

/** What a worker of a fleet tells over HTTP. */
export type WorkerPageParts = Readonly<{
  metrics: MetricsPage;
  checks: readonly ReadyCheck[];
  keys: readonly string[];
}>;

/** All that a worker of a fleet answers: whether it lives, whether it is ready, and its measures, for which it asks for the key. */
export const workerPage = ({ metrics, checks, keys }: WorkerPageParts) =>
  new Elysia({ strictPath: true, systemRouter: false, serve: { reusePort: false } })
    .onBeforeHandle(({ request }) => {
      const rules = { keys, protectFiles: true, open: [], files: [] };
      if (keyRefusal(request, headerKeys(request), rules) === undefined) return undefined;
      return jsonReply({ detail: "Forbidden" }, 403);
    })
    .onError(({ code }) =>
      code === "NOT_FOUND"
        ? jsonReply({ detail: "A worker has /healthz, /readyz and /metrics." }, 404)
        : undefined,
    )
    .use(healthRoute(checks))
    .use(metricsRoute(metrics));
