import { expect, test } from "bun:test";
import { join } from "node:path";
import type { ReferenceDocument } from "#/web/reference-document.ts";
import { examplesOf } from "../../scripts/docs/examples.ts";
import { serveBench } from "../support/served-bench.ts";

test("every route is on a page, and the newer API's have an example in each language", async () => {
  await using bench = await serveBench();
  const { paths }: ReferenceDocument = await (await fetch(`${bench.url}/openapi.json`)).json();
  const read = (page: string) => Bun.file(join(import.meta.dir, "../../docs", page)).text();
  const [api, legacy] = [await read("api.md"), await read("legacy-api.md")];
  // Doors whose routes are a table of a page of their own, which has examples once.
  const own = new Map([["A1111", { page: "a1111.md", text: await read("a1111.md") }]]);
  const unnamed = (text: string) => text.replaceAll(/\{\w+\}/g, "{}");
  const sections = api.split(/^(?=##)/m).map((text) => ({
    routes: unnamed(text),
    languages: new Set(examplesOf("api.md", text).map(({ language }) => language)).size,
  }));
  const bare: string[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { tags = [] }] of Object.entries(methods)) {
      const route = `${method.toUpperCase()} ${unnamed(path)}`;
      const isLegacy = tags.some((tag) => tag.includes("older"));
      const section = sections.find(({ routes }) => routes.includes(`\`${route}\``));
      const ofDoor = own.get(tags[0] ?? "");
      if (ofDoor !== undefined) {
        if (!ofDoor.text.includes(`\`${route}\``)) bare.push(route);
        continue;
      }
      const isThere = isLegacy
        ? legacy.includes(path.replace(/\/\{.*/, "/"))
        : section !== undefined && (section.languages === 3 || path === "/v1/live");
      if (!isThere) bare.push(route);
    }
  }
  expect(bare).toEqual([]);
  for (const { page, text } of own.values())
    expect(new Set(examplesOf(page, text).map(({ language }) => language)).size).toBe(3);
});
