import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { TaskLists, TaskRecord } from "#/api/answers.ts";
import { writeJson } from "#/api/json.ts";
import { nullable } from "#/api/nullable.ts";
import { jsonAnswer, queryParameter } from "#/api/openapi.ts";
import { readQueries } from "#/api/read.ts";
import { taskIdOf } from "#/lib/task-id.ts";
import { type AddressBook, type Addresses, addressesFor, taskFor } from "#/routes/answers/addresses.ts";
import { withPictures } from "#/routes/answers/pictures.ts";
import { jsonBytes, jsonReply } from "#/routes/http/replies.ts";
import type { HistoryRange } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { TaskWriter } from "#/tasks/life-cycle/task-writer.ts";
import { deletionReply, readDeletion, readRange } from "./range.ts";
import { taskRecord } from "./record.ts";
import { type RecordBytes, recordBytes } from "./record-bytes.ts";

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

/** Of what there is nothing of must be something: openapi-generator writes no reader of a list of anything. */
const recordOrNone = Type.Union([TaskRecord, Type.Array(Type.String(), { maxItems: 0 })]);

export type TasksDependencies = Readonly<{
  tasks: TaskReader & Pick<TaskWriter, "removeRange">;
  images: ImageStore;
  addresses?: AddressBook;
}>;

/** What is waiting, what is running, what has been; and one task by its id. */
export function tasksRoutes({ tasks, images, addresses: book }: TasksDependencies) {
  const written = recordBytes();
  return new Elysia({ name: "doors/fooocus-api/tasks" })
    .get(
      "/tasks",
      async ({ request }): Promise<Response> => {
        const { searchParams } = new URL(request.url);
        const asked = readQueries(listQuery, searchParams);
        const now = Date.now();
        if (asked.action.toLowerCase() === "delete") {
          const range = readDeletion(searchParams, now, "action=delete deletes");
          // The contract leaves input pictures where they are.
          return deletionReply(await tasks.removeRange(range, { keepInputs: true }));
        }
        const range = readRange(searchParams, now);
        const addresses = addressesFor(request, book);
        return jsonBytes(await lists({ tasks, addresses, written }, asked, range));
      },
      {
        detail: {
          tags: ["Query"],
          operationId: "get_tasks_tasks_get",
          summary: "Tasks: what waits, what runs, what has been",
          parameters: Object.entries(listQuery).map(([name, schema]) => queryParameter(name, schema)),
          responses: { 200: jsonAnswer(nullable(TaskLists), "The three lists; null after a deletion.") },
        },
      },
    )
    .get(
      "/tasks/:task_id",
      async ({ params, request }): Promise<Response> => {
        const id = taskIdOf(params.task_id);
        const { wait } = readQueries({ wait: waitSeconds }, new URL(request.url).searchParams);
        const late = AbortSignal.any([request.signal, AbortSignal.timeout(wait * 1000)]);
        if (id === undefined) return jsonReply([]);
        const task = wait === 0 ? await tasks.find(id) : await tasks.settled(id, late);
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
            200: jsonAnswer(recordOrNone, "The record, or an empty list if there is no such task."),
          },
        },
      },
    );
}

type Page = Readonly<{ query: string; page: number; page_size: number }>;

type Shown = Readonly<{ tasks: TaskReader; addresses: Addresses; written: RecordBytes }>;

/** The answer, put together of records. */
async function lists(
  { tasks, addresses, written }: Shown,
  { query, page, page_size: pageSize }: Page,
  range: HistoryRange | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const wanted = (name: string): boolean => query === "all" || query === name;
  const shown = (task: Task): Uint8Array => written(task, addresses);
  const current = wanted("current") ? tasks.current() : undefined;
  const history = () => (range === undefined ? tasks.history({ page, pageSize }) : tasks.range(range));
  const waiting = () => tasks.pending().slice(page * pageSize, (page + 1) * pageSize);
  // Looked at in one step: a task that begins is not missing in both lists.
  const asked = wanted("history") ? history() : Promise.resolve([]);
  const pending = wanted("pending") ? waiting() : [];
  const past = await asked;
  const running = current === undefined ? undefined : await taskRecord(taskFor(current, addresses));
  const parts = [
    encoded('{"history":['),
    ...joined(past.map(shown)),
    encoded('],"current":['),
    ...(running === undefined ? [] : [encoded(writeJson(running))]),
    encoded('],"pending":['),
    ...joined(pending.map(shown)),
    encoded("]}"),
  ];
  return Buffer.concat(parts);
}

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

/** With commas between. */
const joined = (parts: readonly Uint8Array[]): readonly Uint8Array[] =>
  parts.flatMap((part, at) => (at === 0 ? [part] : [comma, part]));

const comma = encoded(",");
