import { Elysia } from "elysia";
import { readJson } from "#/api/read.ts";
import { unpacked } from "./content-encoding.ts";

/**
 * Gives the routes behind it the body as `json`. What is no JSON at all is refused before the key is asked for, what
 * is wrong with it only afterwards: that is the contract's order.
 *
 * @throws InvalidRequest `json_invalid`; UndecodableBody; PackedBody
 */
export const jsonBody = () =>
  new Elysia().derive({ as: "scoped" }, async ({ request }) => ({
    json: readJson(await unpacked(request, await request.bytes()), request.headers.get("content-type")),
  }));
