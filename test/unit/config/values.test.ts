import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { fromText } from "#/config/values.ts";

test("the parts of a list are what the list is of", () => {
  const numbers = Type.Array(Type.Integer());
  expect([fromText(numbers, "0, 12"), fromText(numbers, ""), fromText(numbers, "1,a")]).toEqual([
    [0, 12],
    [],
    [1, "a"],
  ]);
  expect(fromText(Type.Array(Type.String()), "0, true")).toEqual(["0", "true"]);
});
