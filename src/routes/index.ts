import { Elysia } from "elysia";
import type { Catalog } from "#/catalog/catalog.ts";
import type { Log } from "#/lib/log.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Tasks } from "#/tasks/tasks.ts";
import { type AuthOptions, refusal } from "./auth.ts";
import { controlRoute } from "./control.ts";
import { docsRoutes } from "./docs.ts";
import { enginesRoutes } from "./engines.ts";
import { errorReply } from "./errors.ts";
import { filesRoutes } from "./files.ts";
import { generateRoute } from "./generate.ts";
import { jsonReply } from "./replies.ts";
import { tasksRoutes } from "./tasks.ts";

export type RouteDependencies = Readonly<{
  tasks: Tasks;
  images: ImageStore;
  catalog: Catalog;
  styleNames: readonly string[];
  auth: AuthOptions;
  log: Log;
}>;

/**
 * All routes, behind the key check. A connection may be silent as long as a picture takes, and a second server on the
 * same port is an error; Elysia's defaults are otherwise.
 */
export const routes = (parts: RouteDependencies) =>
  new Elysia({ serve: { idleTimeout: 0, reusePort: false } })
    .onRequest(({ request }) => refusal(request, parts.auth))
    .onError(({ code, error }) =>
      code === "NOT_FOUND" ? jsonReply({ detail: "Not Found" }, 404) : errorReply(error, parts.log),
    )
    .use(docsRoutes())
    .use(generateRoute(parts))
    .use(tasksRoutes(parts))
    .use(controlRoute(parts))
    .use(filesRoutes(parts))
    .use(enginesRoutes(parts));
