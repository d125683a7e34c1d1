import { Elysia } from "elysia";
import { jsonReply } from "#/routes/http/replies.ts";
import type { ErrorBody } from "./refusal-body.ts";

const pictures = "This server makes pictures: /v1/images/generations and /v1/images/edits.";
const lacksEnd = (route: string): string => `The route is ${route}: the client's base URL ends with /v1.`;

/** Routes of OpenAI's that there are not, and those that are asked for where a base URL lacks its end. */
const absent: readonly (readonly [method: "GET" | "POST", path: string, message: string])[] = [
  ...[
    ...["images/variations", "chat/completions", "completions", "responses", "embeddings", "moderations"],
    ...["audio/speech", "audio/transcriptions", "audio/translations", "files"],
  ].map((name) => ["POST", `/v1/${name}`, pictures] as const),
  ...["files", "files/:id", "responses/:id"].map((name) => ["GET", `/v1/${name}`, pictures] as const),
  ...["images/generations", "images/edits"].map(
    (name) => ["POST", `/${name}`, lacksEnd(`/v1/${name}`)] as const,
  ),
  ...["models", "models/:model"].map(
    (name) => ["GET", `/${name}`, lacksEnd(`/v1/${name.replace(":model", "<model>")}`)] as const,
  ),
];

/** What OpenAI's clients ask for in vain is refused in their form: any other shows them that there was no body. */
export function absentRoutes() {
  const app = new Elysia({ name: "doors/openai/absent" });
  for (const [method, path, message] of absent) {
    const error = { message, type: "invalid_request_error", param: null, code: "not_found" } as const;
    app.route(method, path, () => jsonReply({ error } satisfies ErrorBody, 404), {
      parse: "none",
      detail: { hide: true },
    });
  }
  return app;
}
