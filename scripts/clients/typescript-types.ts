/**
 * The types of our API as openapi-typescript makes them, on standard output. Its argument is the description, a file or an
 * address. openapi-typescript builds its text with TypeScript's old API, which TypeScript 7 does not have: it gets a
 * TypeScript 5 of its own.
 */
import { plugin } from "bun";
import * as typescript from "typescript-5";

plugin({
  name: "typescript-5",
  setup: (build) => {
    build.module("typescript", () => ({ exports: { ...typescript, default: typescript }, loader: "object" }));
  },
});
const { default: openapiTs, astToString } = await import("openapi-typescript");

const [source = "http://127.0.0.1:7866/openapi.json"] = process.argv.slice(2);
const text = URL.canParse(source) ? await (await fetch(source)).text() : await Bun.file(source).text();
// A field with a default need not be said, unlike what openapi-typescript takes for granted.
const types = astToString(await openapiTs(text, { defaultNonNullable: false }));
// Into a pipe that is full, Bun.write writes a part of so long a text twice.
await new Promise((written) => process.stdout.write(types, written));
