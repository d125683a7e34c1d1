import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { jsonAnswer } from "#/api/openapi.ts";
import { jsonReply } from "./http/replies.ts";

/** Something without which no task can be made. */
export type ReadyCheck = Readonly<{
  /** One word, for programs. */
  name: string;
  /** Why it is not so now, in a sentence without the server's paths; nothing while all is well. */
  failing: () => string | undefined;
}>;

/** Something that keeps no task from being taken, and is worth knowing; nothing while it is not so. */
export type ReadyNote = () => string | undefined;

const HealthAnswer = Type.Object(
  { status: Type.String({ description: "ok." }) },
  { title: "HealthAnswer", description: "The server answers." },
);

const ReadyAnswer = Type.Object(
  {
    status: Type.String({ description: "ready." }),
    note: Type.Optional(
      Type.String({ description: "What makes tasks wait all the same: a fleet without workers." }),
    ),
  },
  { title: "ReadyAnswer", description: "Tasks are taken and made." },
);

const UnreadyAnswer = Type.Object(
  {
    status: Type.String({ description: "not ready." }),
    check: Type.String({ description: "What is not so: closing, engine, disk, redis." }),
    reason: Type.String({ description: "Why, in a sentence." }),
  },
  { title: "UnreadyAnswer", description: "Tasks are not taken, or cannot be made." },
);

function fresh(body: unknown, status = 200): Response {
  const answer = jsonReply(body, status);
  answer.headers.set("cache-control", "no-store");
  return answer;
}

const healthy = (): Response => fresh({ status: "ok" });

function readiness(checks: readonly ReadyCheck[], notes: readonly ReadyNote[]): Response {
  for (const { name, failing } of checks) {
    const reason = failing();
    if (reason !== undefined) return fresh({ status: "not ready", check: name, reason }, 503);
  }
  const said = notes.flatMap((note) => note() ?? []);
  return fresh(said.length === 0 ? { status: "ready" } : { status: "ready", note: said.join(" ") });
}

/**
 * Whether the server answers, for supervisors, and whether it can do its work, for whoever chooses among servers. Open without a
 * key, and they tell nothing else. A queue that waits, is full or is paused is no reason to start a server anew, nor to keep
 * clients from what it has made.
 */
export const healthRoute = (checks: readonly ReadyCheck[], notes: readonly ReadyNote[] = []) =>
  new Elysia({ name: "routes/health" })
    .get("/healthz", healthy, {
      detail: {
        tags: ["Query"],
        operationId: "healthz",
        summary: "Whether the server answers",
        responses: { 200: jsonAnswer(HealthAnswer) },
      },
    })
    .head("/healthz", healthy, { detail: { hide: true } })
    .get("/readyz", () => readiness(checks, notes), {
      detail: {
        tags: ["Query"],
        operationId: "readyz",
        summary: "Whether tasks are taken and can be made",
        responses: { 200: jsonAnswer(ReadyAnswer), 503: jsonAnswer(UnreadyAnswer) },
      },
    })
    .head("/readyz", () => readiness(checks, notes), { detail: { hide: true } });
