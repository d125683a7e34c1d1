import { expect, test } from "bun:test";
import { apiDocs } from "#/web/api-docs.ts";

test("everything the page loads is served beside it, and nothing from elsewhere", () => {
  const page = apiDocs["/docs"].body;
  const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
  expect(loaded).toEqual(["data:,", "docs/swagger-ui.css", "docs/swagger-ui.js"]);
  expect(page).not.toMatch(/https?:/);
});

test("the files are Swagger UI's own", () => {
  expect(apiDocs["/docs/swagger-ui.js"].body).toContain("SwaggerUIBundle");
  expect(apiDocs["/docs/swagger-ui.css"].body).toContain(".swagger-ui");
});
