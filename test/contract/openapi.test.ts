import { afterAll, describe, expect, test } from "bun:test";
import type { ReferenceDocument, ReferenceSchema } from "#/web/reference-document.ts";
import { fields, objects } from "../support/request-fields.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchDoors } from "../support/task-bench.ts";
import fixture from "./fixtures/openapi.json";

const bench = await serveBench();
afterAll(() => bench.close());

type Operation = ReferenceDocument["paths"][string][string] &
  Readonly<{ operationId?: string; security?: readonly unknown[] }>;

const answer = await fetch(`${bench.url}/openapi.json`);
const text = await answer.text();
const document: ReferenceDocument & Readonly<{ openapi: string; components: { securitySchemes: unknown } }> =
  JSON.parse(text);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as Operation })),
);
const refOf = (schema: ReferenceSchema | undefined): string | undefined => schema?.$ref?.split("/").at(-1);

test("its version, name and key are the reference's", () => {
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(document.openapi).toBe(fixture.openapi);
  expect(document.info).toMatchObject(fixture.info);
  // The second form of the key is ours.
  const APIKeyBearer = { type: "http", scheme: "bearer" };
  expect(document.components.securitySchemes).toEqual({ ...fixture.security, APIKeyBearer });
});

describe("the reference's operations are all there, as generated clients know them", () => {
  for (const { id, method, path, tag, parameters, body, answer: answered, keyed } of fixture.operations) {
    test(id, () => {
      const operation = operations.find((other) => other.operation.operationId === id);
      expect([operation?.method, operation?.path]).toEqual([method, path]);
      if (tag !== undefined) expect(operation?.operation.tags).toEqual([tag]);
      const named =
        operation?.operation.parameters?.map(({ name, required }) =>
          required === true ? `${name}*` : name,
        ) ?? [];
      // Ours may come after them, and must not be required.
      expect(named.slice(0, parameters.length)).toEqual(parameters);
      expect(named.slice(parameters.length).filter((name) => name.endsWith("*"))).toEqual([]);
      if (body !== undefined)
        expect(refOf(operation?.operation.requestBody?.content["application/json"]?.schema)).toBe(body);
      if (answered !== undefined)
        expect(refOf(operation?.operation.responses["200"]?.content?.["application/json"]?.schema)).toBe(
          answered,
        );
      expect(operation?.operation.security).toEqual(
        keyed ? [{ APIKeyHeader: [] }, { APIKeyBearer: [] }] : undefined,
      );
    });
  }
});

test("the reference's schemas are all there by their names, and every reference leads to one", () => {
  const names = Object.keys(document.components.schemas);
  expect(names).toEqual(expect.arrayContaining(fixture.schemas));
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    expect(names).toContain(name ?? "");
});

test("no value is null and nothing else: generators import a class of that name", () => {
  const nulls = (schema: unknown, at: string): readonly string[] => {
    if (typeof schema !== "object" || schema === null) return [];
    const inside = Object.entries(schema).flatMap(([key, value]) =>
      key === "anyOf" || key === "oneOf" ? [] : nulls(value, `${at}.${key}`),
    );
    return "type" in schema && schema.type === "null" ? [at, ...inside] : inside;
  };
  expect(nulls(document.components.schemas, "")).toEqual([]);
});

test("the fields of a request are the contract's: names in order, types, bounds, defaults, what must be there", () => {
  const tables = { CommonRequest: fields, ...objects };
  const { base_model_name, loras, style_selections } = bench.defaults();
  const applied: Readonly<Record<string, unknown>> = { base_model_name, loras, style_selections };
  for (const [name, table] of Object.entries(tables)) {
    const { properties = {}, required = [] } = document.components.schemas[name] ?? {};
    expect(Object.keys(properties)).toEqual(table.map((field) => field.name));
    expect(required).toEqual(table.filter((field) => field.required).map((field) => field.name));
    for (const field of table) {
      const shown = properties[field.name] ?? {};
      const schema = shown.anyOf?.[0] ?? document.components.schemas[refOf(shown) ?? ""] ?? shown;
      expect([field.name, schema.type]).toEqual([field.name, field.type]);
      expect([field.name, schema.minimum, schema.maximum]).toEqual([
        field.name,
        field.minimum,
        field.maximum,
      ]);
      // What depends on the server is published as it is here.
      const published = name === "CommonRequest" ? (applied[field.name] ?? field.default) : field.default;
      if (field.required !== true) expect([field.name, shown.default]).toEqual([field.name, published]);
      expect(schema.enum).toEqual(field.enum);
      expect(shown.anyOf?.some(({ type }) => type === "null") === true).toBe(field.nullable === true);
    }
  }
});

/** Groups of doors that have a form of errors of their own. */
const ownForm = benchDoors()
  .filter(({ refusalSchemas }) => refusalSchemas !== undefined)
  .flatMap(({ tags }) => tags.map(({ name }) => name));

test("every operation has a name of its own, says what it is, and what a wrong request gets", () => {
  const ids = operations.map(({ operation }) => operation.operationId ?? "");
  expect(new Set(ids).size).toBe(ids.length);
  for (const { operation } of operations) {
    expect([operation.operationId, operation.summary]).toEqual([expect.any(String), expect.any(String)]);
    const takes = (operation.parameters?.length ?? 0) > 0 || operation.requestBody !== undefined;
    if (!takes) continue;
    const own = operation.tags?.some((tag) => ownForm.includes(tag)) === true;
    const wrong = refOf(operation.responses["422"]?.content?.["application/json"]?.schema);
    if (!own) expect(wrong).toBe("HTTPValidationError");
  }
});

test("every group of operations is declared, in the order of the pages, and used", () => {
  const used = new Set(operations.flatMap(({ operation }) => operation.tags ?? []));
  expect(document.tags.map(({ name }) => name).toSorted()).toEqual([...used].toSorted());
});

test("what the page offers to try is accepted", async () => {
  for (const { path, method, operation } of operations) {
    const { example } = operation.requestBody?.content["application/json"] ?? {};
    if (example === undefined) continue;
    // Nobody waits for the pictures: each API has its own way to say so.
    const body = JSON.stringify({ ...example, async_process: true, stream: true });
    const tried = await fetch(bench.url + path, { method, body });
    expect([path, tried.status]).toEqual([path, 200]);
    // What is tried after the queue's example is made, not kept waiting.
    if (path === "/v1/queue") await bench.tasks.pause(false);
  }
  expect(text).toContain('"example":');
});

describe("the pages", () => {
  test("/redoc shows every operation and every schema, without a script and without anything from elsewhere", async () => {
    const page = await (await fetch(`${bench.url}/redoc`)).text();
    for (const { path, method } of operations) expect(page).toContain(`${method.toUpperCase()} ${path}`);
    for (const name of Object.keys(document.components.schemas)) expect(page).toContain(`id="${name}"`);
    expect(page).not.toMatch(/<script|https?:\/\/|src=/);
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(page).toContain(`id="${target}"`);
  });

  test("/docs and what it loads is served from here", async () => {
    for (const path of ["/docs", "/docs/oauth2-redirect", "/docs/swagger-ui.js", "/docs/swagger-ui.css"])
      expect([path, (await fetch(bench.url + path)).status]).toEqual([path, 200]);
    const page = await (await fetch(`${bench.url}/docs/`)).text();
    expect(page).toContain("swagger-ui.js");
  });
});
