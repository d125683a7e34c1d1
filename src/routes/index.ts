import { Elysia } from "elysia";
import type { Catalog } from "#/catalog/catalog.ts";
import type { Log } from "#/lib/log.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Tasks } from "#/tasks/tasks.ts";
import type { Tools } from "#/tasks/tools.ts";
import { type AuthOptions, refusal } from "./auth.ts";
import { controlRoute } from "./control.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { dashboardRoute } from "./dashboard.ts";
import { docsRoutes } from "./docs.ts";
import { enginesRoutes } from "./engines.ts";
import { errorReply } from "./errors.ts";
import { filesRoutes } from "./files.ts";
import { generateRoute } from "./generate.ts";
import { jsonReply } from "./replies.ts";
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
  auth: AuthOptions;
  /** Web origins that may read answers; none listed allows all. */
  corsOrigins: readonly string[];
  log: Log;
}>;

/** A route as it is declared, path parameters written `:name`. */
type Declared = Readonly<{ method: string; path: string }>;

/**
 * All routes, behind the key check. A connection may be silent as long as a picture takes, and a second server on the
 * same port is an error; Elysia's defaults are otherwise.
 */
export function routes(parts: RouteDependencies) {
  const declared: Declared[] = [];
  const app = new Elysia({ serve: { idleTimeout: 0, reusePort: false } })
    .onRequest(({ request, set }) => {
      Object.assign(set.headers, corsHeaders(request, parts.corsOrigins));
      return preflight(request, parts.corsOrigins) ?? refusal(request, parts.auth);
    })
    .onError(({ code, error, request }) =>
      code === "NOT_FOUND" ? notFoundReply(request, declared) : errorReply(error, parts.log),
    )
    .use(docsRoutes())
    .use(dashboardRoute())
    .use(generateRoute(parts))
    .use(tasksRoutes(parts))
    .use(taskEventsRoutes(parts))
    .use(taskControlRoutes(parts))
    .use(controlRoute(parts))
    .use(filesRoutes(parts))
    .use(enginesRoutes(parts))
    .use(toolsRoutes(parts));
  declared.push(...app.routes);
  return app;
}

/** 405 for a path that is there under another method. */
function notFoundReply(request: Request, declared: readonly Declared[]): Response {
  const { pathname } = new URL(request.url);
  const methods = declared.filter(({ path }) => matches(path, pathname)).map(({ method }) => method);
  if (methods.length === 0) return jsonReply({ detail: "Not Found" }, 404);
  const answer = jsonReply({ detail: "Method Not Allowed" }, 405);
  answer.headers.set("allow", [...new Set(methods)].join(", "));
  return answer;
}

function matches(declared: string, pathname: string): boolean {
  const parts = (path: string): readonly string[] => path.split("/").filter((part) => part !== "");
  const [wanted, given] = [parts(declared), parts(pathname)];
  return (
    wanted.length === given.length && wanted.every((part, i) => part.startsWith(":") || part === given[i])
  );
}
