import { Elysia } from "elysia";
import { readJson } from "#/api/read.ts";
import { plainBodyOf } from "./content-encoding.ts";

/**
 * Gives the routes behind it the body as `json`. What is no JSON at all is refused before the key is asked for, what
 * is wrong with it only afterwards: that is the contract's order, for bodies that cost nothing to read
 * (`routes/index.ts` sees to the others).
 *
 * @throws InvalidRequest `json_invalid`; UndecodableBody; OversizedBody; PackedBody
 */
export const jsonBody = () =>
  new Elysia().derive({ as: "scoped" }, async ({ request }) => ({
    json: readJson(await plainBodyOf(request), request.headers.get("content-type")),
  }));
