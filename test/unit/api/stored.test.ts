import { expect, test } from "bun:test";
import { CommonRequest, type GenerateParams, generateFields, ownDefaults } from "#/api/generate.ts";
import { fromStored, toStored } from "#/api/stored.ts";

const params = {
  ...Object.fromEntries(generateFields.map((field) => [field, CommonRequest.properties[field].default])),
  image_seed: 5n,
} as unknown as GenerateParams;

test("a request that was kept before there were fields of ours has what they mean where nobody says them", () => {
  const own = Object.keys(ownDefaults);
  expect(own).toEqual(generateFields.slice(-own.length));
  const before = Object.fromEntries(Object.entries(toStored(params)).filter(([name]) => !own.includes(name)));
  expect(fromStored(before)).toMatchObject(ownDefaults);
  const said = { ...toStored(params), precision: "fast" };
  expect(fromStored(said).precision).toBe("fast");
});
