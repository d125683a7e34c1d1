import type { PageFile } from "./api-docs.ts";
import { bundleDashboard } from "./bundle.ts" with { type: "macro" };

/** The dashboard, whole: no other file, and nothing from elsewhere, is needed to show it. */
export const dashboardPage: PageFile = {
  contentType: "text/html; charset=utf-8",
  body: bundleDashboard(),
};
