import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Json, parseJson } from "#/api/json.ts";
import { fingerprintOf, formValue } from "#/routes/http/fingerprint.ts";
import { idempotencyKey } from "#/routes/http/idempotency-key.ts";

type Part = readonly [name: string, value: string | File];

const asked = { path: "/x", single: false, body: null };
const keyOf = (header: string) =>
  idempotencyKey({ headers: new Headers([["Idempotency-Key", header]]) }, asked)?.key;

describe("the header", () => {
  test("without it there is no key", () =>
    expect(idempotencyKey({ headers: new Headers() }, asked)).toBeUndefined());

  test.each([
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ['  "with blanks, and \\"marks\\" \\\\"  ', 'with blanks, and "marks" \\'],
    ["a,b;c", "a,b;c"],
    [`"${"x".repeat(255)}"`, "x".repeat(255)],
  ])("%p is a key", (header, key) => expect(keyOf(header)).toBe(key));

  test.each([
    "",
    '""',
    '"open',
    'in"side',
    "two words",
    '"a", "b"',
    '"a\\n"',
    '"\t"',
    "schön",
    "x".repeat(256),
    `"${"x".repeat(256)}"`,
    '"a";b=1',
  ])("%p is none, and refused", (header) => expect(() => keyOf(header)).toThrow("Idempotency-Key takes"));

  test("a long text is refused at once", () => {
    const from = performance.now();
    expect(() => keyOf(`"${"\\\\".repeat(100_000)}`)).toThrow();
    expect(performance.now() - from).toBeLessThan(1000);
  });
});

describe("the fingerprint", () => {
  const of = (text: string) => fingerprintOf(parseJson(text));

  test.each([
    ['{"a":1,"b":[true,null]}', '{ "b" : [true, null], "a" : 1.0 }'],
    ['"é"', '"\\u00e9"'],
    ['{"image_seed":9223372036854775807}', '{"image_seed": 9223372036854775807}'],
  ])("%s and %s say the same", (one, other) => expect(of(one)).toBe(of(other)));

  test.each([
    ['{"a":1}', '{"a":"1"}'],
    ['["a","b"]', '["a,b"]'],
    ['[["a"],"b"]', '[["a","b"]]'],
    ['{"a":null}', "{}"],
    ['"null"', "null"],
    ['{"image_seed":9223372036854775807}', '{"image_seed":9223372036854775806}'],
    ['["a","b"]', '["b","a"]'],
  ])("%s and %s do not", (one, other) => expect(of(one)).not.toBe(of(other)));

  test("is one for each value, whatever they are", () => {
    const value = fc.jsonValue() as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(value, value, (one, other) =>
        expect(fingerprintOf(one) === fingerprintOf(other)).toBe(Bun.deepEquals(sorted(one), sorted(other))),
      ),
    );
    fc.assert(fc.property(value, (one) => expect(fingerprintOf(sorted(one))).toBe(fingerprintOf(one))));
  });

  test("of a form is that of its parts: files by their bytes, whatever they are called, and in whatever order", async () => {
    const file = (bytes: string, name = "a.png") => new File([bytes], name);
    const form = (parts: readonly Part[]) => {
      const made = new FormData();
      for (const [name, part] of parts) made.append(name, part);
      return made;
    };
    const print = async (...parts: readonly Part[]) => fingerprintOf(await formValue(form(parts)));
    const one = await print(["prompt", "x"], ["image", file("abc")], ["style", "1"], ["style", "2"]);
    expect(await print(["image", file("abc", "b")], ["style", "1"], ["prompt", "x"], ["style", "2"])).toBe(
      one,
    );
    expect(await print(["prompt", "x"], ["image", file("abd")], ["style", "1"], ["style", "2"])).not.toBe(
      one,
    );
    expect(await print(["prompt", "x"], ["image", file("abc")], ["style", "2"], ["style", "1"])).not.toBe(
      one,
    );
    expect(await print(["prompt", "x"], ["image", "abc"], ["style", "1"], ["style", "2"])).not.toBe(one);
  });
});

/** -0 is written as 0 by everybody. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [name, sorted(item)]),
    );
  return value === 0 ? 0 : value;
}
