import { Elysia } from "elysia";
import type { GenerateParams } from "#/api/generate.ts";
import { type DescribedRoute, type OpenApiTag, openApiDocument } from "#/api/openapi.ts";
import { apiDocs } from "#/web/api-docs.ts";
import { type ReferenceDocument, referencePage } from "#/web/reference-page.ts";
import { jsonText, pageReply } from "./http/replies.ts";

const hidden = { detail: { hide: true } };

/**
 * The documentation pages and what they load, the OpenAPI document, and the way there from `/`. As FastAPI's, they
 * also answer HEAD.
 *
 * @param described all routes of the server, once they are declared
 * @param tags      their groups, in the order of the pages
 * @param defaults  what a request means here that says nothing; it may change with the files that are there
 * @param base      what the operator calls the server, which may be below a path of a proxy; or nothing
 */
export function docsRoutes(
  described: () => readonly DescribedRoute[],
  tags: readonly OpenApiTag[],
  defaults: () => Partial<GenerateParams>,
  base: () => string,
) {
  let made: Readonly<{ of: Partial<GenerateParams>; json: string; reference: string }> | undefined;
  const document = () => {
    const of = defaults();
    if (made === undefined || !Bun.deepEquals(made.of, of)) {
      const size = of.aspect_ratios_selection;
      const applied = {
        ...of,
        ...(size === undefined ? {} : { aspect_ratios_selection: size.replace("×", "*") }),
      };
      const json = openApiDocument(described(), tags, applied);
      // What was just written is such a document.
      made = { of, json, reference: referencePage(JSON.parse(json) as ReferenceDocument) };
    }
    return made;
  };
  const pages: Readonly<Record<string, () => Response>> = {
    "/openapi.json": () => jsonText(document().json),
    "/redoc": () => pageReply("text/html; charset=utf-8", document().reference),
    ...Object.fromEntries(
      Object.entries(apiDocs).map(([path, { contentType, body }]) => [
        path,
        () => pageReply(contentType, body),
      ]),
    ),
  };
  const app = new Elysia({ name: "routes/docs" }).get("/", () => redirectToDocs(base()), {
    detail: {
      operationId: "root__get",
      summary: "To the documentation",
      responses: { 307: { description: "To /docs" } },
    },
  });
  for (const [path, page] of Object.entries(pages)) app.get(path, page, hidden).head(path, page, hidden);
  return app;
}

const redirectToDocs = (base: string): Response =>
  new Response(null, { status: 307, headers: { location: `${base}/docs`, "content-length": "0" } });
