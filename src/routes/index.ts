import { Elysia } from "elysia";
import type { GenerateParams } from "#/api/generate.ts";
import type { DescribedRoute } from "#/api/openapi.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { Log } from "#/lib/log.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Tools } from "#/tasks/intake/tools.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import type { WebFolder } from "#/web/web-folder.ts";
import type { AddressBook } from "./answers/addresses.ts";
import { controlRoute } from "./control.ts";
import { dashboardRoute } from "./dashboard.ts";
import { docsRoutes } from "./docs.ts";
import { enginesRoutes } from "./engines.ts";
import { filesRoutes } from "./files.ts";
import { generateRoute } from "./generate.ts";
import { healthRoute } from "./health.ts";
import { type AuthOptions, asksForKey, refusal, strangerRefusal } from "./http/auth.ts";
import { bodyBytes, hardLimit, oversized } from "./http/body-limit.ts";
import { isPacked } from "./http/content-encoding.ts";
import { corsHeaders, preflight } from "./http/cors.ts";
import { errorReply } from "./http/errors.ts";
import { type BrowserGuard, loggedGuard } from "./http/guard.ts";
import { jsonReply } from "./http/replies.ts";
import { notFound, unrouted } from "./http/routing.ts";
import { legacyRoutes } from "./legacy/index.ts";
import { type LiveDependencies, liveRoute } from "./live.ts";
import { taskControlRoutes } from "./task-control.ts";
import { taskEventsRoutes } from "./task-events.ts";
import { tasksRoutes } from "./tasks.ts";
import { toolsRoutes } from "./tools.ts";

export type RouteDependencies = Readonly<{
  tasks: Tasks;
  tools: Tools;
  images: ImageStore;
  catalog: Catalog;
  styleNames: readonly string[];
  /** The values of a request that says nothing, for the description of the API. */
  defaults?: () => Partial<GenerateParams>;
  auth: AuthOptions;
  /** Web origins that may read answers; none listed allows all. */
  corsOrigins: readonly string[];
  /** Against web pages of others; none leaves it to the key. */
  guard?: BrowserGuard;
  /** Under which names clients are given addresses; none gives all the ones that are kept. */
  addresses?: AddressBook;
  /** Whether the older API's job-history shows parameters and results too. */
  persistentHistory?: boolean;
  /** A page of the operator's own, instead of ours. */
  webFolder?: WebFolder;
  log: Log;
  /** Where pictures wait to be decoded; the tasks' own. */
  decoding?: DecodeGate;
}> &
  Pick<LiveDependencies, "liveLimits">;

/**
 * All routes. A request is looked at in the contract's order: where it goes, whether its body is JSON, the key, the
 * rest; but a body that costs something to read is not read without the key. A connection may be silent as long as a picture takes, and a second server on the same port is an error;
 * Elysia's defaults are otherwise. Bun's own router would also take `//tasks` and the like, so it is not used.
 * A host may have a name of two letters: Elysia looks for the path after eleven characters of an address unless it is told
 * that names differ.
 */
export function routes(parts: RouteDependencies) {
  const declared: DescribedRoute[] = [];
  const refused = parts.guard === undefined ? undefined : loggedGuard(parts.guard, parts.log);
  const app = new Elysia({
    strictPath: true,
    systemRouter: false,
    handler: { standardHostname: false },
    serve: { idleTimeout: 0, reusePort: false, maxRequestBodySize: hardLimit },
    // Silence is the live channel's own to judge.
    websocket: { maxPayloadLength: bodyBytes, idleTimeout: 0, sendPings: false },
  })
    .onRequest(({ request, set }) => {
      // HTTP/1.0 knows no Host header, and without one there is no address to look at.
      if (!URL.canParse(request.url)) return jsonReply({ detail: "A request needs a Host header." }, 400);
      Object.assign(set.headers, corsHeaders(request, parts.corsOrigins));
      return (
        preflight(request, parts.corsOrigins) ??
        refused?.(request) ??
        unrouted(request, declared, parts.addresses?.named()) ??
        // Unpacking costs more than a body says, so it is not done for strangers.
        (isPacked(request) ? refusal(request, parts.auth) : undefined) ??
        strangerRefusal(request, parts.auth) ??
        oversized(request)
      );
    })
    .onBeforeHandle(({ request }) => refusal(request, parts.auth))
    .onError(({ code, error }) => (code === "NOT_FOUND" ? notFound() : errorReply(error, parts.log)))
    .use(
      docsRoutes(
        () => declared,
        parts.defaults ?? (() => ({})),
        () => parts.addresses?.named() ?? "",
      ),
    )
    .use(dashboardRoute(parts.webFolder))
    .use(healthRoute())
    .use(generateRoute(parts))
    .use(tasksRoutes(parts))
    .use(taskEventsRoutes(parts))
    .use(liveRoute(parts))
    .use(taskControlRoutes(parts))
    .use(controlRoute(parts))
    .use(filesRoutes(parts))
    .use(enginesRoutes(parts))
    .use(toolsRoutes(parts))
    .use(legacyRoutes({ ...parts, persistent: parts.persistentHistory ?? false }));
  for (const { method, path, hooks } of app.routes)
    declared.push({ method, path, keyed: asksForKey(path, parts.auth), detail: hooks.detail });
  return app;
}
