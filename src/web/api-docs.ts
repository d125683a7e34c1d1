import redirect from "swagger-ui-dist/oauth2-redirect.js" with { type: "text" };
import style from "swagger-ui-dist/swagger-ui.css" with { type: "text" };
import script from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "text" };

type DocsPath = "/docs" | "/docs/swagger-ui.js" | "/docs/swagger-ui.css" | "/docs/oauth2-redirect";

/** A file of a page, whole. */
export type PageFile = Readonly<{ contentType: string; body: string }>;

/**
 * The API's documentation page by path: Swagger UI over `/openapi.json`, as FastAPI's `/docs` is, with all it needs
 * served from here, so that it also works where there is no internet.
 */
export const apiDocs: Readonly<Record<DocsPath, PageFile>> = {
  "/docs": { contentType: "text/html; charset=utf-8", body: page() },
  "/docs/swagger-ui.js": { contentType: "text/javascript; charset=utf-8", body: script },
  "/docs/swagger-ui.css": { contentType: "text/css; charset=utf-8", body: style },
  "/docs/oauth2-redirect": {
    contentType: "text/html; charset=utf-8",
    body: `<!doctype html>\n<html lang="en">\n<title>Signing in</title>\n<script>${redirect}</script>\n</html>\n`,
  },
};

/** Addresses are relative, so the page also works below a path of a reverse proxy. */
function page(): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>fooocusd: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui.js"></script>
<script>
SwaggerUIBundle({ url: "openapi.json", dom_id: "#api", deepLinking: true, tryItOutEnabled: true });
</script>
</body>
</html>
`;
}
