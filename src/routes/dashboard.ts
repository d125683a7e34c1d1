import { Elysia } from "elysia";
import { dashboardPage } from "#/web/dashboard-page.ts";
import type { WebFolder } from "#/web/web-folder.ts";
import { fileReply } from "./http/file-reply.ts";
import { jsonReply, pageHeaders, pageReply } from "./http/replies.ts";

const page = (): Response => pageReply(dashboardPage.contentType, dashboardPage.body);
const hidden = { detail: { hide: true } };

/** What the page for people is and knows. */
export type DashboardDependencies = Readonly<{
  /** A folder whose page takes the place of ours; it is at `/dashboard/`, so that a page finds what lies beside it. */
  webFolder?: WebFolder;
  /** The size number that the server's own checkpoint brings pictures to, for sizes that the page tells beforehand. */
  workingSize?: () => number;
}>;

/** The page for people, at `/dashboard`, and what it asks. Open without a key: it asks for one when the server wants it. */
export function dashboardRoute({ webFolder: own, workingSize }: DashboardDependencies) {
  const app = new Elysia({ name: "routes/dashboard" });
  if (own === undefined)
    return app
      .get("/dashboard", page, hidden)
      .head("/dashboard", page, hidden)
      .get("/dashboard/sizes", () => jsonReply({ size_number: workingSize?.() ?? null }), hidden);
  const answer = ({ request }: Readonly<{ request: Request }>) => ownFile(own, request);
  return app.get(`${below}*`, answer, hidden).head(`${below}*`, answer, hidden);
}

const below = "/dashboard/";

/** A browser asks each time whether a file is still as it was: its owner may be working on it. */
async function ownFile(own: WebFolder, request: Request): Promise<Response> {
  const path = own.find(new URL(request.url).pathname.slice(below.length));
  if (path === undefined) return new Response(null, { status: 404 });
  const origin = request.headers.has("origin") ? { vary: "Origin" } : {};
  return fileReply(Bun.file(path), request, { ...pageHeaders, ...origin, "cache-control": "no-cache" });
}
