import { type TSchema, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { InvalidRequest, sentences } from "#/api/issues.ts";
import { jsonAnswer, pictureContent, queryParameter } from "#/api/openapi.ts";
import { type Converted, readQuery } from "#/api/read.ts";
import { taskIdOf } from "#/lib/task-id.ts";
import { addressesFor, taskFor } from "#/routes/answers/addresses.ts";
import { lastPreviews } from "#/routes/answers/last-previews.ts";
import { pictureReply } from "#/routes/files.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import { legacyAnswer } from "./answer.ts";
import {
  AsyncJobResponse,
  CleanVramResponse,
  JobHistoryResponse,
  JobQueueInfo,
  StopResponse,
} from "./api/answers.ts";
import { doorName, hyphenated, withoutHyphens } from "./api/job.ts";
import type { LegacyDependencies } from "./generation.ts";
import { jobTimes, persistentJob } from "./history.ts";
import { jobRecord, unknownJob } from "./job.ts";

export type JobDependencies = LegacyDependencies &
  Readonly<{
    /** Whether `job-history` shows parameters and results, as the legacy API's `--persistent` does. */
    persistent: boolean;
  }>;

const most = 2 ** 31 - 1;
const jobId = Type.String({ description: "The job's id, with or without hyphens." });
const wantsPreview = Type.Boolean({ default: false, description: "Show the newest preview as base64." });
const page = Type.Integer({
  default: 0,
  minimum: 0,
  maximum: most,
  description: "Page of the history, from 0.",
});
const pageSize = Type.Integer({ default: 20, minimum: 1, maximum: most, description: "Jobs on a page." });
const wantsDelete = Type.Boolean({ default: false, description: "Delete the job that job_id names." });

/** The legacy API's routes that make no pictures. */
export const jobRoutes = (parts: JobDependencies) =>
  new Elysia({ name: "doors/legacy/jobs" }).use(queryRoutes(parts)).use(otherRoutes(parts));

/** Asking after jobs. */
function queryRoutes(parts: JobDependencies) {
  const { tasks, images, log, addresses } = parts;
  const previewOf = lastPreviews(tasks, doorName);
  return new Elysia({ name: "doors/legacy/queries" })
    .get(
      "/v1/generation/query-job",
      ({ request }) =>
        legacyAnswer(request, log, async () => {
          const query = new URL(request.url).searchParams;
          const id = query.get("job_id");
          if (id === null) throw missing("job_id");
          const preview = asked(query, "require_step_preview", wantsPreview) === true;
          const taskId = taskIdOf(withoutHyphens(id));
          const task = taskId === undefined ? undefined : await tasks.find(taskId);
          if (task === undefined) return jsonReply(unknownJob, 404);
          const shown = taskFor(task, addressesFor(request, addresses));
          return jsonReply(await jobRecord(shown, images, preview ? previewOf(task.id) : null));
        }),
      documented("query_job_v1_generation_query_job_get", "One job", AsyncJobResponse, [
        queryParameter("job_id", jobId, true),
        queryParameter("require_step_preview", wantsPreview),
      ]),
    )
    .get(
      "/v1/generation/job-queue",
      ({ request }) => legacyAnswer(request, log, async () => jsonReply(await queueCounts(tasks))),
      documented(
        "job_queue_v1_generation_job_queue_get",
        "How many jobs wait, run and have ended",
        JobQueueInfo,
      ),
    )
    .get(
      "/v1/generation/job-history",
      ({ request }) => legacyAnswer(request, log, () => history(request, parts)),
      documented(
        "get_history_v1_generation_job_history_get",
        "Jobs, oldest first, or with --persistent a page of them, newest first; or delete one",
        JobHistoryResponse,
        [
          queryParameter("job_id", jobId),
          queryParameter("page", page),
          queryParameter("page_size", pageSize),
          queryParameter("delete", wantsDelete),
        ],
      ),
    );
}

/** Stopping, giving back memory, and the rest. */
const otherRoutes = ({ tasks, images, log, decoding }: JobDependencies) =>
  new Elysia({ name: "doors/legacy/others" })
    .post(
      "/v1/generation/stop",
      ({ request }) =>
        legacyAnswer(request, log, async () => {
          await tasks.control("current", "stop");
          return jsonReply({ msg: "success" });
        }),
      { parse: "none", ...documented("stop_v1_generation_stop_post", "Stop the running job", StopResponse) },
    )
    .get(
      "/v1/engines/clean_vram",
      ({ request }) =>
        legacyAnswer(request, log, async () => {
          await tasks.unloadModels();
          return jsonReply({ message: "ok" });
        }),
      documented(
        "all_engines_v1_engines_clean_vram_get",
        "Give back the memory of the models",
        CleanVramResponse,
      ),
    )
    .get(
      "/ping",
      ({ request }) => legacyAnswer(request, log, () => jsonReply("pong")),
      documented("ping_ping_get", "Whether somebody is there", Type.String()),
    )
    .get(
      "/files/:date/:file_name",
      async ({ params, request }) =>
        await pictureReply(await images.output(params.date, params.file_name), request, decoding),
      {
        detail: {
          tags: ["Query (older)"],
          operationId: "get_output_files__date___file_name__get",
          summary: "A picture, as under /outputs",
          responses: { 200: { description: "The picture.", content: pictureContent } },
        },
      },
    )
    .head(
      "/files/:date/:file_name",
      async ({ params, request }) =>
        await pictureReply(await images.output(params.date, params.file_name), request),
      { detail: { hide: true } },
    );

/** Jobs that were taken and have not ended, jobs that have, and the newest of all. */
async function queueCounts(tasks: Pick<TaskReader, "running" | "pending" | "history" | "countSettled">) {
  const open = openJobs(tasks);
  const [rows, settled] = await Promise.all([tasks.history({ page: 0, pageSize: 1 }), tasks.countSettled()]);
  const newest = [...open, ...rows].toSorted((a, b) => b.row - a.row)[0];
  return {
    running_size: open.length,
    finished_size: settled,
    last_job_id: newest === undefined ? null : hyphenated(newest.id),
  };
}

/** The running jobs, then the waiting ones in their order. */
const openJobs = (tasks: Pick<TaskReader, "running" | "pending">): readonly Task[] => [
  ...tasks.running(),
  ...tasks.pending(),
];

const always = { from: 0, to: Number.MAX_SAFE_INTEGER };

async function history(request: Request, parts: JobDependencies): Promise<Response> {
  const { tasks, persistent } = parts;
  const query = new URL(request.url).searchParams;
  const addresses = addressesFor(request, parts.addresses);
  const wanted = query.get("job_id") ?? "";
  const id = taskIdOf(withoutHyphens(wanted));
  const isOfOne = wanted !== "";
  const at = Number(asked(query, "page", page));
  const size = Number(asked(query, "page_size", pageSize));
  if (asked(query, "delete", wantsDelete) === true && isOfOne) {
    // Only what has ended is history: this is no way to stop a job.
    const isEnded = id !== undefined && (await tasks.find(id))?.state.status === "settled";
    const gone = isEnded ? await tasks.remove(id, { keepInputs: true }) : undefined;
    return jsonReply({ message: gone === undefined ? "Not found" : "Deleted" });
  }
  const settled = (task: Task): boolean => task.state.status === "settled";
  // Without a history on disk the legacy API keeps a list, and shows all of it, in its order.
  const listed = async () =>
    persistent ? await tasks.history({ page: at, pageSize: size }) : await tasks.range(always);
  const one = async () => (id === undefined ? [] : ((await tasks.find(id)) ?? []));
  const open = openJobs(tasks);
  const found = isOfOne ? await one() : await listed();
  const ended = [found].flat().filter(settled);
  // One may have ended while the history was read.
  const has = new Set(ended.map((task) => task.id));
  return jsonReply({
    queue: open.filter((task) => !has.has(task.id) && (!isOfOne || task.id === id)).map(jobTimes),
    history: ended.map((task) => (persistent ? persistentJob : jobTimes)(taskFor(task, addresses))),
  });
}

/** A query parameter, or its default. */
function asked(query: URLSearchParams, name: string, schema: TSchema): Converted {
  const value = query.get(name);
  return value === null ? schema.default : readQuery(schema, name, value);
}

const missing = (name: string): InvalidRequest =>
  new InvalidRequest([{ type: "missing", loc: ["query", name], msg: sentences.missing, input: null }]);

/** What OpenAPI says of a route: its answer, and what its query may hold. */
const documented = (
  operationId: string,
  summary: string,
  answer: TSchema,
  parameters: readonly ReturnType<typeof queryParameter>[] = [],
) => ({
  detail: {
    tags: ["Query (older)"],
    operationId,
    summary,
    parameters: [...parameters],
    responses: { 200: jsonAnswer(answer) },
  },
});
