import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "#/api/json.ts";
import { differencesOf, plainRecipe } from "#/recipe/plain-recipe.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

test("a recipe as JSON keeps every digit of its seeds and leaves out what decides no picture", () => {
  const seed = 9_223_372_036_854_775_807n;
  const images = smallRecipe.images.map((image) => ({ ...image, seed }));
  const plain = plainRecipe({ ...smallRecipe, images });
  expect(plain).toMatchObject({ base: smallRecipe.base, images: images.map(() => ({ seed })) });
  expect(plain).not.toHaveProperty("previews");
  expect(
    plainRecipe({ ...smallRecipe, images, previews: { by: "network", file: "x.pth", colours: {} as never } }),
  ).toEqual(plain);
});

test("two values differ where they do, each place with what stands there", () => {
  const one = { a: 1, b: [1, { c: 5n }], d: null, e: [] };
  expect(differencesOf(one, structuredClone(one))).toEqual([]);
  expect(differencesOf(one, { a: "1", b: [1, { c: 6n }, 3], e: {} })).toEqual([
    { path: "recipe.a", one: 1, other: "1" },
    { path: "recipe.b.1.c", one: 5n, other: 6n },
    { path: "recipe.b.2", one: undefined, other: 3 },
    { path: "recipe.d", one: null, other: undefined },
    { path: "recipe.e", one: [], other: {} },
  ]);
  expect(
    differencesOf(
      Array.from({ length: 1000 }, () => 0),
      [],
    ).length,
  ).toBe(20);
});

test("there is no difference where and only where two values are the same", () => {
  const value = fc.jsonValue() as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(value, value, (one, other) =>
      expect(differencesOf(one, other).length === 0).toBe(Bun.deepEquals(one, other)),
    ),
  );
  fc.assert(fc.property(value, (one) => expect(differencesOf(one, structuredClone(one))).toEqual([])));
});
