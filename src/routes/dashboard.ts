import { Elysia } from "elysia";
import { dashboardPage } from "#/web/dashboard-page.ts";
import { pageReply } from "./http/replies.ts";

const page = (): Response => pageReply(dashboardPage.contentType, dashboardPage.body);
const hidden = { detail: { hide: true } };

/** The page for people, at `/dashboard`. Open without a key: it asks for one when the server wants it. */
export const dashboardRoute = () =>
  new Elysia({ name: "routes/dashboard" }).get("/dashboard", page, hidden).head("/dashboard", page, hidden);
