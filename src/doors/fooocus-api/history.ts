import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { FoundTasks, StarAnswer, UsedNames } from "#/api/history-answers.ts";
import { jsonAnswer, queryParameter } from "#/api/openapi.ts";
import { readQueries } from "#/api/read.ts";
import { taskIdOf } from "#/lib/task-id.ts";
import { type AddressBook, addressesFor } from "#/routes/answers/addresses.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { UsedName } from "#/stores/history.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { TaskWriter } from "#/tasks/life-cycle/task-writer.ts";
import { foundTask } from "./found-task.ts";
import { noTask } from "./no-task.ts";
import { readRange } from "./range.ts";

/** Tasks in one answer. */
const most = 500;

const searchQuery = {
  prompt: Type.String({
    default: "",
    description: "Words of the prompt, all of them, in any order; each may go on: `light` finds lighthouse.",
  }),
  model: Type.String({
    default: "",
    description: "The checkpoint, by its name as /v1/history/names says it.",
  }),
  style: Type.String({ default: "", description: "One of its styles." }),
  starred: Type.Boolean({ default: false, description: "Only those with a star." }),
  start_at: Type.String({ default: "", description: "Queued from then on (ISO 8601)." }),
  end_at: Type.String({ default: "", description: "Queued until then; now if it is not given." }),
  task_id: Type.String({ default: "", description: "Only this one, if the rest is true of it." }),
  before: Type.Integer({
    default: Number.MAX_SAFE_INTEGER,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Rows below this number: `next` of the page before.",
  }),
  limit: Type.Integer({ default: 60, minimum: 1, maximum: most, description: "Tasks in the answer." }),
};

const unknown = { description: "There is no such task." };

export type HistoryDependencies = Readonly<{
  tasks: Pick<TaskReader, "search" | "usedNames"> & Pick<TaskWriter, "star">;
  addresses?: AddressBook;
}>;

/** The history for people: searched, in pages that do not shift when something is added or removed, and starred. */
export const historyRoutes = ({ tasks, addresses: book }: HistoryDependencies) =>
  new Elysia({ name: "doors/fooocus-api/history" })
    .get(
      "/v1/history",
      async ({ request }): Promise<Response> => {
        const { searchParams } = new URL(request.url);
        const { prompt, model, style, starred, task_id, before, limit } = readQueries(
          searchQuery,
          searchParams,
        );
        const task = task_id === "" ? undefined : taskIdOf(task_id);
        if (task_id !== "" && task === undefined) return jsonReply({ tasks: [], next: null });
        const found = await tasks.search({
          ...readRange(searchParams, Date.now()),
          words: prompt || undefined,
          model: model || undefined,
          style: style || undefined,
          starred,
          task,
          before,
          limit,
        });
        const addresses = addressesFor(request, book);
        const shown = found.tasks.map((one) => foundTask(one, found.starred.has(one.id), addresses));
        return jsonReply({ tasks: shown, next: found.next ?? null });
      },
      {
        detail: {
          tags: ["Query"],
          operationId: "search_history",
          summary: "Tasks with something to see, newest first, searched",
          parameters: Object.entries(searchQuery).map(([name, schema]) => queryParameter(name, schema)),
          responses: { 200: jsonAnswer(FoundTasks, "A page, and where to go on.") },
        },
      },
    )
    .get(
      "/v1/history/names",
      async (): Promise<Response> => {
        const names = await tasks.usedNames();
        return jsonReply({ models: namesOf("model", names), styles: namesOf("style", names) });
      },
      {
        detail: {
          tags: ["Query"],
          operationId: "history_names",
          summary: "The models and styles that tasks of the history name",
          responses: { 200: jsonAnswer(UsedNames) },
        },
      },
    )
    .put("/tasks/:task_id/star", ({ params }) => star(tasks, params.task_id, true), {
      parse: "none",
      detail: starDetail("star_task", "Give a task a star, so that it is found and kept"),
    })
    .delete("/tasks/:task_id/star", ({ params }) => star(tasks, params.task_id, false), {
      parse: "none",
      detail: starDetail("unstar_task", "Take a task's star away"),
    });

const starDetail = (operationId: string, summary: string) => ({
  tags: ["Tasks"],
  operationId,
  summary,
  responses: { 200: jsonAnswer(StarAnswer), 404: unknown },
});

async function star(tasks: Pick<TaskWriter, "star">, text: string, starred: boolean): Promise<Response> {
  const id = taskIdOf(text);
  if (id === undefined || !(await tasks.star(id, starred))) throw noTask(text);
  return jsonReply({ task_id: id, starred });
}

const namesOf = (kind: UsedName["kind"], names: readonly UsedName[]) =>
  names.filter((one) => one.kind === kind).map(({ name, tasks }) => ({ name, tasks }));
