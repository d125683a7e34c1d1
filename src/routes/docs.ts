import { openapi } from "@elysiajs/openapi";
import { Elysia } from "elysia";
import { apiDocs } from "#/web/api-docs.ts";

const page = { detail: { hide: true } };

const info = {
  title: "fooocusd",
  version: "0.1.0",
  description: "Pictures from SDXL checkpoints, in the words of FooocusAPI.",
};
const securitySchemes = { APIKeyHeader: { type: "apiKey", in: "header", name: "X-API-KEY" } } as const;

/** The documentation page and what it loads, the OpenAPI document, and the way there from `/`. */
export const docsRoutes = () =>
  new Elysia({ name: "routes/docs" })
    .use(
      openapi({
        provider: null,
        specPath: "/openapi.json",
        documentation: { info, components: { securitySchemes } },
      }),
    )
    .get("/", () => new Response(null, { status: 307, headers: { location: "/docs" } }), page)
    .get("/docs", () => fileOf("/docs"), page)
    .get("/docs/swagger-ui.js", () => fileOf("/docs/swagger-ui.js"), page)
    .get("/docs/swagger-ui.css", () => fileOf("/docs/swagger-ui.css"), page);

function fileOf(path: keyof typeof apiDocs): Response {
  const { contentType, body } = apiDocs[path];
  return new Response(body, { headers: { "content-type": contentType } });
}
