import { Elysia } from "elysia";
import { QueueAnswer, QueueRequest } from "#/api/history-answers.ts";
import { InvalidRequest } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { jsonAnswer, jsonRequest, refusalAnswer } from "#/api/openapi.ts";
import { type Converted, readBody } from "#/api/read.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { type QueueWish, type Steered, steerQueue } from "./steer-queue.ts";

/** The waiting line over HTTP: seen, and steered with the words of the live channel. */
export const queueRoutes = ({ tasks }: Readonly<{ tasks: Steered }>) =>
  new Elysia({ name: "doors/fooocus-api/queue" })
    .get("/v1/queue", (): Response => jsonReply({ ...tasks.queue }), {
      detail: {
        tags: ["Tasks"],
        operationId: "get_queue",
        summary: "The waiting tasks in their order, and whether they are kept waiting",
        responses: { 200: jsonAnswer(QueueAnswer) },
      },
    })
    .use(jsonBody())
    .post(
      "/v1/queue",
      async ({ json }): Promise<Response> => {
        await steerQueue(wishOf(json), tasks);
        return jsonReply({ ...tasks.queue });
      },
      {
        parse: "none",
        detail: {
          tags: ["Tasks"],
          operationId: "steer_queue",
          summary: "Pause or resume the queue, move a task in it, or cancel all that wait",
          requestBody: jsonRequest(QueueRequest, { action: "pause" }),
          responses: {
            200: jsonAnswer(QueueAnswer, "The queue as it is then."),
            409: refusalAnswer(
              "The task that was to be moved, or the one it was to be before, does not wait.",
            ),
          },
        },
      },
    );

/** @throws InvalidRequest naming the field */
function wishOf(body: Json): QueueWish {
  const { action, task_id, before } = readBody(QueueRequest, body);
  switch (action) {
    case "pause":
    case "resume":
    case "clear":
      return { action };
    case "move":
      if (typeof task_id !== "string") throw wrong("task_id", "Field required: the task that is moved", null);
      return { action, task_id, before: typeof before === "string" ? before : null };
    default:
      throw wrong("action", "Value error, action takes one of pause, resume, move, clear", action ?? null);
  }
}

const wrong = (field: string, msg: string, input: Converted): InvalidRequest =>
  new InvalidRequest([
    {
      type: input === null ? "missing" : "value_error",
      loc: ["body", field],
      msg,
      input: typeof input === "string" ? input : null,
    },
  ]);
