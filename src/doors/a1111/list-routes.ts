import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { jsonAnswer } from "#/api/openapi.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { type ListParts, lists } from "./lists.ts";
import { memoryTold } from "./memory.ts";

/** What A1111 reads anew at a word; here files are seen when they are there. */
const refreshing = ["checkpoints", "vae", "loras", "embeddings"] as const;

/** The routes that tell what is there. */
export function listRoutes(parts: ListParts) {
  const app = new Elysia({ name: "doors/a1111/lists" });
  for (const { path, name, summary, told } of lists)
    app.get(path, () => jsonReply(told(parts)), documented(name, summary));
  app.get("/sdapi/v1/memory", () => jsonReply(memoryTold()), documented("memory", "Memory of the server"));
  for (const what of refreshing)
    app.post(`/sdapi/v1/refresh-${what}`, () => jsonReply(null), {
      parse: "none",
      ...documented(`refresh_${what}`, "Nothing to do: a new file is seen at once"),
    });
  return app;
}

const documented = (name: string, summary: string) => ({
  detail: {
    tags: ["A1111"],
    operationId: `a1111_${name}`,
    summary,
    responses: { 200: jsonAnswer(Type.Any()) },
  },
});
