import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { type JsonObject, writeJson } from "#/api/json.ts";
import { refusalAnswer } from "#/api/openapi.ts";
import { readQuery } from "#/api/read.ts";
import { taskIdOf } from "#/lib/task-id.ts";
import { type AddressBook, addressesFor, eventsFor } from "#/routes/answers/addresses.ts";
import { serverSent } from "#/routes/http/server-sent.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import { hasPreview, previewEvent, wireEvent } from "./live/wire-event.ts";
import { noTask } from "./no-task.ts";

type Query = Readonly<Record<string, string | undefined>>;

const sequence = Type.Integer({ minimum: 0 });
const yesOrNo = Type.Boolean({ default: false });

const parameters = [
  {
    name: "since",
    in: "query",
    schema: { type: "integer", minimum: 0 },
    description: "Number of the last event that was seen; the header Last-Event-ID wins over it.",
  },
  {
    name: "previews",
    in: "query",
    schema: { type: "boolean", default: false },
    description: "Pictures drawn so far too, as data URLs.",
  },
] as const;
const stream = {
  description: "Server-sent events: id, event, one line of JSON.",
  content: { "text/event-stream": { schema: Type.String() } },
};

export type EventsDependencies = Readonly<{ tasks: TaskReader; addresses?: AddressBook }>;

/** The event log over HTTP: of one task until it is settled, or of everything. */
export const taskEventsRoutes = ({ tasks, addresses: book }: EventsDependencies) =>
  new Elysia({ name: "doors/fooocus-api/task-events" })
    .get(
      "/tasks/:task_id/events",
      async ({ params, query, request }): Promise<Response> => {
        const id = taskIdOf(params.task_id);
        const since = sinceOf(query, request, tasks.seq) ?? 0;
        const previews = wantsPreviews(query);
        const task = id === undefined ? undefined : await tasks.find(id);
        if (id === undefined || task === undefined) throw noTask(params.task_id);
        // A browser's EventSource comes back after every end; this answer alone tells it that there is nothing more.
        const over =
          task.state.status === "settled" &&
          (await tasks.backlog([id], since, (events) => events.length === 0));
        if (over) return new Response(null, { status: 204 });
        return sent(eventsFor(tasks.watch(id, request.signal, since), addressesFor(request, book)), previews);
      },
      {
        detail: {
          tags: ["Live"],
          operationId: "task_events",
          summary: "What happens to a task, until it is settled",
          parameters: [...parameters],
          responses: {
            200: stream,
            204: { description: "The task is settled, and everything was seen." },
            404: refusalAnswer("There is no such task."),
          },
        },
      },
    )
    .get(
      "/v1/events",
      ({ query, request }): Response =>
        sent(
          eventsFor(
            tasks.watchAll(request.signal, sinceOf(query, request, tasks.seq)),
            addressesFor(request, book),
          ),
          wantsPreviews(query),
        ),
      {
        detail: {
          tags: ["Live"],
          operationId: "all_events",
          summary: "Everything that happens, from now on or from a number on",
          parameters: [...parameters],
          responses: { 200: stream },
        },
      },
    );

/** Where to go on. A number this server never gave comes from another history: everything is told from the start. */
function sinceOf(query: Query, { headers }: Request, newest: number): number | undefined {
  const seen = headers.get("last-event-id");
  const text = seen !== null && /^\d+$/.test(seen) ? seen : query["since"];
  if (text === undefined) return undefined;
  const since = Number(readQuery(sequence, "since", text));
  return since > newest ? 0 : since;
}

const wantsPreviews = (query: Query): boolean =>
  readQuery(yesOrNo, "previews", query["previews"] ?? "false") === true;

const sent = (events: AsyncIterable<LiveEvent>, previews: boolean): Response =>
  serverSent(blocksOf(events, previews), () => ": ping\n\n");

async function* blocksOf(
  events: AsyncIterable<LiveEvent>,
  previews: boolean,
): AsyncGenerator<string, void, undefined> {
  // Asked for before anything is sent: who has read the headers misses nothing of what happens after.
  const iterator = events[Symbol.asyncIterator]();
  const first = iterator.next();
  // Within the first event: there are clients that take any block for one, and fail at one without data.
  let retry = "retry: 2000\n";
  try {
    for (let next = await first; next.done !== true; next = await iterator.next()) {
      const event = next.value;
      yield retry + block(event.seq, event.type, wireEvent(event));
      retry = "";
      const preview = previews && hasPreview(event) ? await previewEvent(event) : undefined;
      if (preview !== undefined) yield block(event.seq, "preview", preview);
    }
  } finally {
    // Not waited for: one that is asked for its next event ends when its client's signal says so.
    void iterator.return?.();
  }
}

const block = (seq: number, type: string, data: JsonObject): string =>
  `id: ${seq}\nevent: ${type}\ndata: ${writeJson(data)}\n\n`;
