import { afterAll, describe, expect, test } from "bun:test";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench({ config: { queue_limit: 10_000 } });
await bench.tasks.pause(true);
afterAll(() => bench.close());

async function send(body: string | Uint8Array<ArrayBuffer>, type?: string) {
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    headers: type === undefined ? {} : { "content-type": type },
    // As bytes, since a text would bring a content type.
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  });
  return { status: answer.status, text: await answer.text() };
}

const good = '{"async_process": true, "style_selections": []}';
const missing = '{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}';
const noObject = (input: string): string =>
  `{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":${input}}]}`;
const broken = (offset: number, error: string): string =>
  `{"detail":[{"type":"json_invalid","loc":["body",${offset}],"msg":"JSON decode error","input":{},"ctx":{"error":${JSON.stringify(error)}}}]}`;

describe("content types", () => {
  for (const type of [
    undefined,
    "application/json",
    "Application/JSON; charset=utf-8",
    "application/vnd.api+json",
  ]) {
    test(`${type ?? "none"}: the body is JSON`, async () => {
      expect((await send(good, type)).status).toBe(200);
      expect(await send("[1,2]", type)).toEqual({ status: 422, text: noObject("[1,2]") });
      expect(await send("{", type)).toEqual({
        status: 422,
        text: broken(1, "Expecting property name enclosed in double quotes"),
      });
    });
  }
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "text/plain;charset=UTF-8"]) {
    test(`${type}: an object is taken, anything else is a text and no object`, async () => {
      expect((await send(good, type)).status).toBe(200);
      expect(await send("[1,2]", type)).toEqual({ status: 422, text: noObject('"[1,2]"') });
      expect(await send("prompt=a&image_number=2", type)).toEqual({
        status: 422,
        text: noObject('"prompt=a&image_number=2"'),
      });
      expect(await send("", type)).toEqual({ status: 422, text: missing });
    });
  }
});

describe("bodies", () => {
  test("nothing, and null, are missing", async () => {
    expect(await send("")).toEqual({ status: 422, text: missing });
    expect(await send(" null\n")).toEqual({ status: 422, text: missing });
  });
  test("what is JSON and no object", async () => {
    for (const body of ["[1,2]", '"a"', "1", "true", "[]"])
      expect(await send(body)).toEqual({ status: 422, text: noObject(body) });
  });
  test("what is no text", async () => {
    const answer = { status: 400, text: '{"detail":"There was an error parsing the body"}' };
    expect(await send(new Uint8Array([0x7b, 0xff, 0x7d]))).toEqual(answer);
    expect(await send(`{"image_seed": ${"9".repeat(5000)}}`)).toEqual(answer);
  });
  test("a byte order mark is passed over, unknown keys are ignored, of two the last counts", async () => {
    expect((await send(`\ufeff${good}`)).status).toBe(200);
    expect(
      (
        await send(
          '{"async_process": true, "nothing": {"a": [1]}, "__proto__": 7, "image_number": 0, "image_number": 1}',
        )
      ).status,
    ).toBe(200);
  });

  // Offsets are in characters; the words are those of Python's json module.
  const syntax: readonly (readonly [string, number, string])[] = [
    ['{"prompt": }', 11, "Expecting value"],
    ["   ", 3, "Expecting value"],
    ['{"a":1,}', 7, "Expecting property name enclosed in double quotes"],
    ["[1,]", 3, "Expecting value"],
    ['{"a" 1}', 5, "Expecting ':' delimiter"],
    ['{"a":1 "b":2}', 7, "Expecting ',' delimiter"],
    ['{"a":"b', 5, "Unterminated string starting at"],
    ['{"a":"b\n"}', 7, "Invalid control character at"],
    ['{"a":"\\x"}', 6, "Invalid \\escape"],
    ['{"a":"\\u12g4"}', 7, "Invalid \\uXXXX escape"],
    ["{}{}", 2, "Extra data"],
    ['{"😀":x}', 5, "Expecting value"],
    ['{"sharpness": NaN}', 14, "Expecting value"],
    ['{"sharpness": -Infinity}', 14, "Expecting value"],
    [`${"[".repeat(300)}1`, 201, "Too deeply nested"],
  ];
  for (const [body, offset, error] of syntax) {
    test(`${body.slice(0, 30)}: ${error}`, async () =>
      expect(await send(body)).toEqual({ status: 422, text: broken(offset, error) }));
  }
});

test("an echo of something long is short", async () => {
  const picture = "A".repeat(3_000_000);
  const { status, text } = await send(
    `{"image_number": "${picture}", "loras": [{"model_name": "${picture}"}]}`,
  );
  expect(status).toBe(422);
  expect(text.length).toBeLessThan(2000);
  expect(text).toContain("3000000 characters");
  expect((await send(`x${picture}`, "text/plain")).text.length).toBeLessThan(1000);
});

test("a seed beyond all numbers comes back in an error as it was sent", async () => {
  const { text } = await send('{"image_number": 123456789012345678901234567890}');
  expect(text).toContain('"input":123456789012345678901234567890,"ctx":{"le":32}');
});
