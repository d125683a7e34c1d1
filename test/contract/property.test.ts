import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { conversions, fields, places, refusals } from "../support/request-fields.ts";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench({ config: { queue_limit: 1_000_000 } });
await bench.tasks.pause(true);
afterAll(() => bench.close());

/** What chooses how a request is answered: asked otherwise, the answer would wait for a picture. */
const choosing: readonly string[] = ["stream_output", "async_process"];

/** Values near what a field takes: its bounds, its conversions, what it refuses, and anything at all. */
const near = places
  .filter(({ field }) => !choosing.includes(field.name))
  .map(({ field, object }) => {
    const { minimum = -1, maximum = 4096, enum: choices = [] } = field;
    const texts = [
      ...conversions(field).map(([value]) => value),
      ...(refusals[field.type] ?? []).map(([value]) => value),
      ...choices.map((choice) => JSON.stringify(choice)),
      String(minimum),
      String(maximum),
      "1e400",
      "9007199254740993",
    ];
    const name = object?.list ?? field.name;
    const anything = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...texts) },
      { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
      { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
      { weight: 1, arbitrary: fc.string({ unit: "binary" }).map((value) => JSON.stringify(value)) },
    );
    const value =
      object === undefined
        ? anything
        : anything.map((inner) => `[{${object.needed}"${field.name}":${inner}}]`);
    return value.map((text) => `${JSON.stringify(name)}:${text}`);
  });
const members = fc.array(fc.oneof(...near), { minLength: 1, maxLength: 6 }).map((all) => `{${all.join(",")}`);
const ending = new TextEncoder().encode(',"async_process":true}');

/** Requests, one in four with bytes written over it: syntax that breaks anywhere. */
const request = fc
  .tuple(
    members,
    fc.option(fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }), {
      freq: 3,
    }),
  )
  .map(([text, writes]) => {
    const bytes = new TextEncoder().encode(text);
    for (const [at, value] of writes ?? []) bytes[at % bytes.length] = value;
    return new Uint8Array([...bytes, ...ending]);
  });

const statuses: readonly number[] = [200, 400, 422];

async function answers(body: Uint8Array<ArrayBuffer>): Promise<void> {
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    body,
    signal: AbortSignal.timeout(120_000),
  });
  const text = await answer.text();
  expect(statuses).toContain(answer.status);
  const json: unknown = JSON.parse(text);
  expect(json).toBeObject();
  if (answer.status !== 422) return;
  const { detail } = json as { detail: unknown };
  expect(detail).toBeArray();
  expect(detail).not.toBeEmpty();
}

test("10,000 requests near and far from the schema: an answer of the contract each, and never a 500", async () => {
  await fc.assert(fc.asyncProperty(request, answers), { numRuns: 10_000 });
  expect((await fetch(`${bench.url}/tasks`)).status).toBe(200);
}, 300_000);

test("3,000 queries of the lists, and paths: never a 500", async () => {
  const word = fc.oneof(
    fc.constantFrom(
      "all",
      "history",
      "pending",
      "current",
      "1",
      "-1",
      "0",
      "1e9",
      "2024-07-03",
      "2024-07-03T12:22:30+08:00",
      "2024-02-30",
      "delete",
      "true",
    ),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  const name = fc.constantFrom("query", "page", "page_size", "start_at", "end_at", "wait", "since");
  const path = fc.oneof(
    fc.constantFrom("/tasks", "/tasks/x", "/v1/engines/styles", "/v1/engine/control"),
    fc
      .string({ unit: "binary", maxLength: 20 })
      .map((text) => `/tasks/${encodeURIComponent(text.toWellFormed())}`),
    fc
      .string({ unit: "binary", maxLength: 20 })
      .map((text) => `/outputs/${encodeURIComponent(text.toWellFormed())}/a.png`),
    fc.webPath(),
  );
  const queries = fc.array(fc.tuple(name, word), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(path, queries, async (at, pairs) => {
      const query = new URLSearchParams(
        pairs.map(([key, value]) => [key, key === "wait" ? "0" : value.toWellFormed()]),
      );
      const answer = await fetch(`${bench.url}${at}?${query}`, { redirect: "manual" });
      await answer.bytes();
      expect(answer.status).toBeLessThan(500);
    }),
    { numRuns: 3000 },
  );
}, 300_000);

test("every field was drawn from", () =>
  expect(near.length).toBeGreaterThanOrEqual(fields.length - choosing.length));
