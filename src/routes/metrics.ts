import { Elysia } from "elysia";

/** The page of measures. */
export type MetricsPage = Readonly<{ page: () => Promise<string>; contentType: string }>;

/**
 * How the server does, for Prometheus and what reads its format. It asks for the key like everything else: it tells how much is
 * asked for, and scrapers can say a key (`Authorization: Bearer`).
 */
export const metricsRoute = ({ page, contentType }: MetricsPage) =>
  new Elysia({ name: "routes/metrics" }).get(
    "/metrics",
    async () => {
      const headers = { "content-type": contentType, "cache-control": "no-store" };
      return new Response(await page(), { headers });
    },
    {
      detail: {
        tags: ["Query"],
        operationId: "metrics",
        summary: "Measures of the server, for Prometheus",
        responses: {
          200: {
            description: "The text format of Prometheus.",
            content: { "text/plain": { schema: { type: "string" } } },
          },
        },
      },
    },
  );
