import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { TaskLists, TaskRecord } from "#/api/answers.ts";
import type { JsonObject } from "#/api/json.ts";
import { jsonAnswer, queryParameter } from "#/api/openapi.ts";
import { readQueries } from "#/api/read.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { type AddressBook, type Addresses, addressesFor, taskFor } from "#/routes/answers/addresses.ts";
import { withPictures } from "#/routes/answers/pictures.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { HistoryRange } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { deletionReply, readDeletion, readRange } from "./range.ts";
import { storedRecord, taskRecord } from "./record.ts";

/** More than any history holds, and still a number SQLite counts with. */
const mostPages = 2 ** 31 - 1;

const listQuery = {
  query: Type.String({ default: "all", description: "all, history, current or pending." }),
  page: Type.Integer({ default: 0, minimum: 0, maximum: mostPages, description: "From 0." }),
  page_size: Type.Integer({ default: 10, minimum: 1, maximum: mostPages, description: "Records on a page." }),
  start_at: Type.String({
    default: "",
    description: "First moment of a range of the history (ISO 8601); its beginning if only end_at is given.",
  }),
  end_at: Type.String({ default: "", description: "Its last moment; now if it is not given." }),
  action: Type.String({
    default: "",
    description: "delete removes the range with its files; the answer is null.",
  }),
};

const waitSeconds = Type.Integer({
  default: 0,
  minimum: 0,
  maximum: 60,
  description: "Seconds to wait for its end.",
});

export type TasksDependencies = Readonly<{ tasks: Tasks; images: ImageStore; addresses?: AddressBook }>;

/** What is waiting, what is running, what has been; and one task by its id. */
export const tasksRoutes = ({ tasks, images, addresses: book }: TasksDependencies) =>
  new Elysia({ name: "doors/fooocus-api/tasks" })
    .get(
      "/tasks",
      async ({ request }): Promise<Response> => {
        const { searchParams } = new URL(request.url);
        const asked = readQueries(listQuery, searchParams);
        const now = Date.now();
        if (asked.action.toLowerCase() === "delete") {
          const range = readDeletion(searchParams, now, "action=delete deletes");
          return deletionReply(await tasks.removeRange(range));
        }
        const range = readRange(searchParams, now);
        return jsonReply(await lists(tasks, addressesFor(request, book), asked, range));
      },
      {
        detail: {
          tags: ["Query"],
          operationId: "get_tasks_tasks_get",
          summary: "Tasks: what waits, what runs, what has been",
          parameters: Object.entries(listQuery).map(([name, schema]) => queryParameter(name, schema)),
          responses: { 200: jsonAnswer(TaskLists, "The three lists; null after a deletion.") },
        },
      },
    )
    .get(
      "/tasks/:task_id",
      async ({ params, request }): Promise<Response> => {
        const id = params.task_id as TaskId;
        const { wait } = readQueries({ wait: waitSeconds }, new URL(request.url).searchParams);
        const late = AbortSignal.any([request.signal, AbortSignal.timeout(wait * 1000)]);
        const task = wait === 0 ? tasks.find(id) : await tasks.settled(id, late);
        if (task === undefined) return jsonReply([]);
        const shown = taskFor(task, addressesFor(request, book));
        return jsonReply(await withPictures(await taskRecord(shown), task, images));
      },
      {
        detail: {
          tags: ["Query"],
          operationId: "get_task_tasks__task_id__get",
          summary:
            "One task, an empty list if there is none; with wait, once it is settled or after that time",
          parameters: [queryParameter("wait", waitSeconds)],
          responses: {
            200: jsonAnswer(TaskRecord, "The record, or an empty list if there is no such task."),
          },
        },
      },
    );

type Page = Readonly<{ query: string; page: number; page_size: number }>;

async function lists(
  tasks: Tasks,
  addresses: Addresses,
  { query, page, page_size: pageSize }: Page,
  range: HistoryRange | undefined,
): Promise<JsonObject> {
  const wanted = (name: string): boolean => query === "all" || query === name;
  const shown = (task: Task): JsonObject => storedRecord(taskFor(task, addresses));
  const current = wanted("current") ? tasks.current() : undefined;
  const history = () => (range === undefined ? tasks.history({ page, pageSize }) : tasks.range(range));
  const waiting = () => tasks.pending().slice(page * pageSize, (page + 1) * pageSize);
  return {
    history: wanted("history") ? history().map(shown) : [],
    current: current === undefined ? [] : [await taskRecord(taskFor(current, addresses))],
    pending: wanted("pending") ? waiting().map(shown) : [],
  };
}
