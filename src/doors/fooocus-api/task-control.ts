import { Elysia } from "elysia";
import { CancelAnswer, RemovedAnswer } from "#/api/answers.ts";
import { jsonAnswer } from "#/api/openapi.ts";
import { RequestError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { readDeletion } from "./range.ts";

const moment = { type: "string", format: "date-time" } as const;
const inRange = [
  { name: "start_at", in: "query", required: true, schema: moment, description: "ISO 8601." },
  { name: "end_at", in: "query", schema: moment, description: "Now, if it is not given." },
];
const removed = jsonAnswer(RemovedAnswer, "How many tasks and picture files are gone.");
const unknown = { description: "There is no such task." };

/** Ends and deletes tasks by name, whatever they are doing. */
export const taskControlRoutes = ({ tasks }: { readonly tasks: Tasks }) =>
  new Elysia({ name: "doors/fooocus-api/task-control" })
    .post(
      "/tasks/:task_id/cancel",
      ({ params }): Response => {
        const id = params.task_id as TaskId;
        const outcome = tasks.control(id, "cancel");
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
    )
    .delete(
      "/tasks/:task_id",
      async ({ params }): Promise<Response> => {
        const id = params.task_id as TaskId;
        const report = await tasks.remove(id);
        if (report === undefined) throw noTask(id);
        return jsonReply(report);
      },
      {
        parse: "none",
        detail: {
          tags: ["Tasks"],
          operationId: "delete_task",
          summary: "Delete a task in any state with its pictures; a running one is stopped first",
          responses: { 200: removed, 404: unknown },
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

const noTask = (id: TaskId): RequestError =>
  new RequestError("unknown-task", `There is no task ${id.slice(0, 64)}.`);
