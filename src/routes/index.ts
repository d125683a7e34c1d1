import { type AnyElysia, Elysia } from "elysia";
import type { GenerateParams } from "#/api/generate.ts";
import type { DescribedRoute } from "#/api/openapi.ts";
import { type DashboardDependencies, dashboardRoute } from "./dashboard.ts";
import { docsRoutes } from "./docs.ts";
import type { DoorParts, DoorPaths, FrontDoor, FrontDoors } from "./door.ts";
import { filesRoutes } from "./files.ts";
import { healthRoute, type ReadyCheck, type ReadyNote } from "./health.ts";
import { asksForKey, keyRefusal } from "./http/auth.ts";
import { bodyBytes, hardLimit, isCostly, oversized } from "./http/body-limit.ts";
import { isPacked } from "./http/content-encoding.ts";
import { corsHeaders, preflight } from "./http/cors.ts";
import { errorReply, refusalReply } from "./http/errors.ts";
import { type BrowserGuard, loggedGuard } from "./http/guard.ts";
import { observed, observeSocket, type RequestMeter } from "./http/observe.ts";
import { type Refusal, type RefusalForm, refusalsOf, refused } from "./http/refusal.ts";
import { requestIdOf } from "./http/request-id.ts";
import { notFound, routeTable, unrouted } from "./http/routing.ts";
import { type MetricsPage, metricsRoute } from "./metrics.ts";

export type RouteDependencies = DoorParts &
  DashboardDependencies &
  Readonly<{
    /** The APIs by which tasks come in. */
    doors: FrontDoors;
    /** The values of a request that says nothing, for the description of the API. */
    defaults?: () => Partial<GenerateParams>;
    /** Against web pages of others; none leaves it to the key. */
    guard?: BrowserGuard;
    /** Counts requests, if anybody wants to know. */
    meter?: RequestMeter;
    /** What was counted, for `/metrics`; without it there is no such route. */
    metrics?: MetricsPage;
    /** Without which no task can be made; all are asked in this order. */
    readyChecks?: readonly ReadyCheck[];
    /** What is told of a server that is ready. */
    readyNotes?: readonly ReadyNote[];
  }>;

type DoorRoute = DescribedRoute & Readonly<{ door: FrontDoor }>;

/**
 * All routes: the rooms that all doors share, and those of each door. A request is looked at in the contract's order:
 * where it goes, whether its body is JSON, the key, the rest; but a body that costs something to read is not read without
 * the key. What is refused is worded by the door whose route was asked for. A connection may be silent as long as a picture
 * takes, and a second server on the same port is an error; Elysia's defaults are otherwise. Bun's own router would also
 * take `//tasks` and the like, so it is not used. A host may have a name of two letters: Elysia looks for the path behind eleven
 * characters of an address unless it is told that names differ.
 */
export function routes(parts: RouteDependencies) {
  const { doors, auth, corsOrigins, addresses } = parts;
  const declared: DoorRoute[] = [];
  const routesAt = routeTable(declared);
  const doorAt = (request: Request): FrontDoor =>
    routesAt(new URL(request.url).pathname)[0]?.door ?? doors[0];
  const special = (kind: keyof DoorPaths): readonly string[] =>
    doors.flatMap(({ paths }) => paths[kind] ?? []);
  const keyRules = { ...auth, open: special("open"), files: special("files") };
  const withoutKey = (request: Request): Refusal | undefined =>
    keyRefusal(request, doorAt(request).keysOf(request), keyRules);
  const observation = { ...parts, routeOf: (pathname: string) => routesAt(pathname)[0]?.path };
  const guarded = parts.guard && loggedGuard({ ...parts.guard, changing: special("changing") }, parts.log);
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
      if (!URL.canParse(request.url)) return worded(refused(400, "A request needs a Host header."), doors[0]);
      Object.assign(set.headers, corsHeaders(request, corsOrigins));
      const answer =
        preflight(request, corsOrigins) ??
        guarded?.(request) ??
        unrouted(request, routesAt, addresses?.named()) ??
        // Unpacking costs more than a body says, and so does a large one: neither is done for strangers.
        (isPacked(request) || isCostly(request) ? withoutKey(request) : undefined) ??
        oversized(request);
      return worded(answer, doorAt(request));
    })
    .onBeforeHandle(({ request }) => worded(withoutKey(request), doorAt(request)))
    .onError(({ code, error, request }) =>
      code === "NOT_FOUND"
        ? worded(notFound, doorAt(request))
        : errorReply(error, parts.log, doorAt(request), requestIdOf(request)),
    )
    // Around everything, and no hook is: one that refuses a request early skips those that come after an answer.
    .wrap((answering, request) => observed(answering, request, observation));
  const declare = (door: FrontDoor): void => {
    const refusals = refusalsOf(door);
    for (const { method, path, hooks } of app.routes.slice(declared.length))
      declared.push({
        method,
        path,
        keyed: asksForKey(path, keyRules),
        refusals,
        detail: hooks.detail,
        door,
      });
  };
  useRooms(app, parts, declared);
  declare(doors[0]);
  const observe = (request: Request) => observeSocket(request, observation);
  for (const door of doors) {
    app.use(door.routes({ ...parts, observeSocket: observe }));
    declare(door);
  }
  return app;
}

/** What all doors share. */
function useRooms(app: AnyElysia, parts: RouteDependencies, declared: readonly DoorRoute[]): void {
  const { doors, addresses, defaults = () => ({}) } = parts;
  const tags = doors.flatMap((door) => door.tags);
  const base = () => addresses?.named() ?? "";
  app
    .use(docsRoutes(() => declared, tags, defaults, base))
    .use(dashboardRoute(parts))
    .use(healthRoute(parts.readyChecks ?? [], parts.readyNotes ?? []))
    .use(filesRoutes(parts));
  if (parts.metrics !== undefined) app.use(metricsRoute(parts.metrics));
}

/** An answer as it is, a refusal in the words of its door. */
const worded = (answer: Refusal | Response | undefined, door: RefusalForm): Response | undefined =>
  answer === undefined || answer instanceof Response ? answer : refusalReply(answer, door);
