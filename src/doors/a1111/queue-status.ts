import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { nullable } from "#/api/nullable.ts";
import { jsonAnswer } from "#/api/openapi.ts";
import type { DoorParts } from "#/routes/door.ts";
import { jsonReply } from "#/routes/http/replies.ts";

/** Gradio says a number where it knows one; of a type that is null alone generators make nothing that compiles. */
const noNumber = nullable(Type.Number());

const QueueStatus = Type.Object(
  {
    msg: Type.Literal("estimation"),
    queue_size: Type.Integer({ description: "Tasks that wait, of all doors." }),
    rank: noNumber,
    rank_eta: noNumber,
    queue_eta: Type.Integer({ description: "Not estimated: 0." }),
    avg_event_process_time: noNumber,
    avg_event_concurrent_process_time: noNumber,
  },
  { title: "A1111QueueStatus" },
);

/** The queue as Gradio tells it, below A1111's page: some clients look here whether there is a server. */
export const queueStatusRoute = ({ tasks }: Pick<DoorParts, "tasks">) =>
  new Elysia({ name: "doors/a1111/queue-status" }).get(
    "/queue/status",
    () =>
      jsonReply({
        msg: "estimation",
        queue_size: tasks.pending().length,
        rank: null,
        rank_eta: null,
        queue_eta: 0,
        avg_event_process_time: null,
        avg_event_concurrent_process_time: null,
      }),
    {
      detail: {
        tags: ["A1111"],
        operationId: "a1111_queue_status",
        summary: "How many tasks wait",
        responses: { 200: jsonAnswer(QueueStatus) },
      },
    },
  );
