import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { jsonAnswer } from "#/api/openapi.ts";
import { jsonReply } from "./http/replies.ts";

const HealthAnswer = Type.Object(
  { status: Type.String({ description: "ok." }) },
  { title: "HealthAnswer", description: "The server answers." },
);

const healthy = (): Response => {
  const answer = jsonReply({ status: "ok" });
  answer.headers.set("cache-control", "no-store");
  return answer;
};

/**
 * Whether the server answers, for supervisors. Open without a key, and it tells nothing else: what the engine does is in the
 * live channel's state, and a queue that waits is no reason to start a server anew.
 */
export const healthRoute = () =>
  new Elysia({ name: "routes/health" })
    .get("/healthz", healthy, {
      detail: {
        tags: ["Query"],
        operationId: "healthz",
        summary: "Whether the server answers",
        responses: { 200: jsonAnswer(HealthAnswer) },
      },
    })
    .head("/healthz", healthy, { detail: { hide: true } });
