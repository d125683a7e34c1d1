import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { readQuery } from "#/api/read.ts";
import type { TaskId } from "#/engine/protocol.ts";
import type { HistoryRange } from "#/stores/history.ts";
import type { Tasks } from "#/tasks/tasks.ts";
import { storedRecord, taskRecord } from "./record.ts";
import { jsonReply } from "./replies.ts";

const whole = Type.Integer();
const waitSeconds = Type.Integer({ minimum: 0, maximum: 60, default: 0 });

/** What is waiting, what is running, what has been; and one task by its id. */
export const tasksRoutes = ({ tasks }: { readonly tasks: Tasks }) =>
  new Elysia({ name: "routes/tasks" })
    .get(
      "/tasks",
      async ({ query }): Promise<Response> => {
        const which = query["query"] ?? "all";
        const page = Number(readQuery(whole, "page", query["page"] ?? "0"));
        const pageSize = Number(readQuery(whole, "page_size", query["page_size"] ?? "10"));
        const range = rangeOf(query["start_at"], query["end_at"]);
        if (query["action"]?.toLowerCase() === "delete" && range !== undefined) {
          await tasks.removeRange(range);
          return jsonReply(null);
        }
        const wanted = (name: string): boolean => which === "all" || which === name;
        const current = wanted("current") ? tasks.current() : undefined;
        const history = range === undefined ? tasks.history({ page, pageSize }) : tasks.range(range);
        return jsonReply({
          history: wanted("history") ? history.map(storedRecord) : [],
          current: current === undefined ? [] : [await taskRecord(current)],
          pending: wanted("pending")
            ? tasks
                .pending()
                .slice(page * pageSize, (page + 1) * pageSize)
                .map(storedRecord)
            : [],
        });
      },
      { detail: { tags: ["Query"], operationId: "get_tasks_tasks_get" } },
    )
    .get(
      "/tasks/:task_id",
      async ({ params, query, request }): Promise<Response> => {
        const id = params.task_id as TaskId;
        const seconds = Number(readQuery(waitSeconds, "wait", query["wait"] ?? "0"));
        const late = AbortSignal.any([request.signal, AbortSignal.timeout(seconds * 1000)]);
        const task = seconds === 0 ? tasks.find(id) : await tasks.settled(id, late);
        return jsonReply(task === undefined ? [] : await taskRecord(task));
      },
      {
        detail: {
          tags: ["Query"],
          operationId: "get_task_tasks__task_id__get",
          summary: "One task; with wait, once it is settled or after that many seconds",
          parameters: [
            {
              name: "wait",
              in: "query",
              schema: { type: "integer", minimum: 0, maximum: 60 },
              description: "Seconds.",
            },
          ],
        },
      },
    );

/** A span of the server's local time, whole seconds; without a usable start there is none. */
export function rangeOf(start: string | undefined, end: string | undefined): HistoryRange | undefined {
  const from = localTime(start);
  if (from === undefined) return undefined;
  const to = localTime(end) ?? Date.now();
  return from < to ? { from, to } : undefined;
}

function localTime(text: string | undefined): number | undefined {
  const stamp = text?.slice(0, 19) ?? "";
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(stamp)) return undefined;
  const time = new Date(stamp).getTime();
  return Number.isNaN(time) ? undefined : time;
}
