import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { CancelAnswer, RemovedAnswer } from "#/api/answers.ts";
import { jsonAnswer, queryParameter, refusalAnswer } from "#/api/openapi.ts";
import { readQueries } from "#/api/read.ts";
import { type TaskId, taskIdOf } from "#/lib/task-id.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { TaskWriter } from "#/tasks/life-cycle/task-writer.ts";
import { noTask } from "./no-task.ts";
import { readDeletion } from "./range.ts";

const moment = { type: "string", format: "date-time" } as const;
const inRange = [
  { name: "start_at", in: "query", required: true, schema: moment, description: "ISO 8601." },
  { name: "end_at", in: "query", schema: moment, description: "Now, if it is not given." },
];
const stopFirst = Type.Boolean({
  default: false,
  description: "Delete one that waits or runs as well, which is stopped first.",
});
const removed = jsonAnswer(RemovedAnswer, "How many tasks and picture files are gone.");
const unknown = refusalAnswer("There is no such task.");

type TaskControl = Readonly<{ tasks: TaskWriter }>;

/** Ends and deletes tasks by name, whatever they are doing. */
export const taskControlRoutes = (parts: TaskControl) =>
  new Elysia({ name: "doors/fooocus-api/task-control" }).use(cancelRoute(parts)).use(deletionRoutes(parts));

const cancelRoute = ({ tasks }: TaskControl) =>
  new Elysia({ name: "doors/fooocus-api/task-control/cancel" }).post(
    "/tasks/:task_id/cancel",
    async ({ params }): Promise<Response> => {
      const id = knownForm(params.task_id);
      const outcome = await tasks.control(id, "cancel");
      if (outcome === "unknown_task") throw noTask(id);
      return jsonReply({ task_id: id, outcome });
    },
    {
      parse: "none",
      detail: {
        tags: ["Tasks"],
        operationId: "cancel_task",
        summary: "Take a task out of the queue, or stop it if it runs",
        responses: {
          200: jsonAnswer(CancelAnswer, "What really happened."),
          404: unknown,
        },
      },
    },
  );

const deletionRoutes = ({ tasks }: TaskControl) =>
  new Elysia({ name: "doors/fooocus-api/task-control/deletion" })
    .delete(
      "/tasks/:task_id",
      async ({ params, request }): Promise<Response> => {
        const id = knownForm(params.task_id);
        const asked = readQueries({ stop: stopFirst }, new URL(request.url).searchParams);
        const report = await tasks.remove(id, asked);
        if (report === undefined) throw noTask(id);
        return jsonReply(report);
      },
      {
        parse: "none",
        detail: {
          tags: ["Tasks"],
          operationId: "delete_task",
          summary: "Delete a task that has ended, with its pictures",
          parameters: [queryParameter("stop", stopFirst)],
          responses: {
            200: removed,
            404: unknown,
            409: refusalAnswer("It waits or runs; the sentence says how it is ended."),
          },
        },
      },
    )
    .delete(
      "/tasks",
      async ({ request }) => {
        const range = readDeletion(new URL(request.url).searchParams, Date.now(), "this deletes");
        return jsonReply(await tasks.removeRange(range));
      },
      {
        parse: "none",
        detail: {
          tags: ["Tasks"],
          operationId: "delete_tasks",
          summary:
            "Delete the ended tasks of a span of time with their pictures; waiting and running ones stay",
          parameters: [...inRange],
          responses: { 200: removed },
        },
      },
    );

/** @throws RequestError for a text that is no task's id, as for a task that is not there */
function knownForm(text: string): TaskId {
  const id = taskIdOf(text);
  if (id === undefined) throw noTask(text);
  return id;
}
