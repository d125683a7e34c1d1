import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommonRequest, type GenerateParams } from "#/api/generate.ts";
import { encodeImage } from "#/image/encode.ts";
import { readKeptRecipe } from "#/recipe/kept-recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { prepare } from "#/tasks/intake/prepare.ts";
import { smallRecipe } from "../../../support/small-recipe.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-prepare-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const defaults = Object.fromEntries(
  Object.entries(CommonRequest.properties).map(([field, schema]) => [field, schema.default]),
) as unknown as GenerateParams;

/** A recipe that says by a warning which picture it was resolved with. */
const resolvedOf = ({ uov_input_image }: GenerateParams): Resolved => ({
  recipe: smallRecipe,
  loraFields: [],
  inputFields: [],
  warnings: [`${uov_input_image}`],
  written: [],
});

const prepared = (params: GenerateParams) =>
  prepare(
    {},
    {
      considered: async () => ({
        params,
        resolved: resolvedOf(params),
        resolveTaken: (taken) => ({ resolved: resolvedOf(taken), warnings: resolvedOf(taken).warnings }),
        warnings: [],
      }),
      sizes: { look: async () => undefined },
      disk: { require: () => undefined },
      inputOptions: () => ({
        images: folderImages(join(root, "outputs"), join(root, "inputs"), Math.random),
        baseUrl: "http://here",
        otherBases: [],
        limits: { maxBytes: 10_000, milliseconds: 3000, redirects: 0, allowPrivate: false },
      }),
    },
  );

test("the recipe that is kept names pictures as they are kept", async () => {
  const png = await encodeImage({ width: 3, height: 2, data: new Uint8Array(18).fill(40) }, "png");
  const { params, warnings, recipe } = await prepared({
    ...defaults,
    uov_input_image: Buffer.from(png).toString("base64"),
  });
  expect(params.uov_input_image).toMatch(/^http:\/\/here\/inputs\/[0-9a-f]{64}\.png$/);
  expect(readKeptRecipe(recipe)).toEqual({ kind: "kept", resolved: resolvedOf(params) });
  // What is said of them is what is known once they are there.
  expect(warnings).toEqual([`${params.uov_input_image}`]);
});

test("without pictures it is the one that the request was accepted by", async () => {
  const { params, recipe } = await prepared(defaults);
  expect(readKeptRecipe(recipe)).toEqual({ kind: "kept", resolved: resolvedOf(params) });
});
