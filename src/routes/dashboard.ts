import { Elysia } from "elysia";
import { dashboardPage } from "#/web/dashboard-page.ts";

const page = (): Response =>
  new Response(dashboardPage.body, { headers: { "content-type": dashboardPage.contentType } });
const hidden = { detail: { hide: true } };

/** The page for people, at `/dashboard`. Open without a key: it asks for one when the server wants it. */
export const dashboardRoute = () =>
  new Elysia({ name: "routes/dashboard" }).get("/dashboard", page, hidden).head("/dashboard", page, hidden);
