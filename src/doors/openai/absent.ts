import { Elysia } from "elysia";
import { jsonReply } from "#/routes/http/replies.ts";
import type { ErrorBody } from "./refusal-body.ts";

/** Routes of OpenAI's that there are not, and those that are asked for where a base URL lacks its end. */
const absent = [
  ...["images/variations", "chat/completions", "completions", "responses", "embeddings", "moderations"].map(
    (name) =>
      [`/v1/${name}`, "This server makes pictures: /v1/images/generations and /v1/images/edits."] as const,
  ),
  ...["images/generations", "images/edits"].map(
    (name) => [`/${name}`, `The route is /v1/${name}: the client's base URL ends with /v1.`] as const,
  ),
];

/** What OpenAI's clients ask for in vain is refused in their form: any other shows them that there was no body. */
export function absentRoutes() {
  const app = new Elysia({ name: "doors/openai/absent" });
  for (const [path, message] of absent) {
    const error = { message, type: "invalid_request_error", param: null, code: "not_found" } as const;
    app.post(path, () => jsonReply({ error } satisfies ErrorBody, 404), {
      parse: "none",
      detail: { hide: true },
    });
  }
  return app;
}
