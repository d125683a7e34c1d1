import { Elysia } from "elysia";
import { TaskRecord } from "#/api/answers.ts";
import { CommonRequest, type GenerateRequest } from "#/api/generate.ts";
import { jsonAnswer, jsonRequest, keyed, pictureContent } from "#/api/openapi.ts";
import { readBody } from "#/api/read.ts";
import { type ImageStore, keptImageOf } from "#/stores/images.ts";
import type { Task } from "#/tasks/task.ts";
import type { Tasks } from "#/tasks/tasks.ts";
import { eventStream } from "./event-stream.ts";
import { jsonBody } from "./json-body.ts";
import { acknowledgement, storedRecord } from "./record.ts";
import { asksForImage, convertedReply, jsonReply } from "./replies.ts";

export type GenerateDependencies = Readonly<{ tasks: Tasks; images: ImageStore }>;

/** One request, four ways to answer it, chosen by the Accept header and two body flags. */
export const generateRoute = ({ tasks, images }: GenerateDependencies) =>
  new Elysia({ name: "routes/generate" }).use(jsonBody()).post(
    "/v1/engine/generate/",
    async ({ request, json }): Promise<Response> => {
      const { signal } = request;
      // The reader checked every key that is present against this very schema.
      const body = readBody(CommonRequest, json) as GenerateRequest;
      const accept = request.headers.get("accept")?.toLowerCase() ?? "*/*";
      const kind = replyKind(accept, body);
      const task = await tasks.submit(body, { single: kind === "image" });
      switch (kind) {
        case "async":
          return jsonReply(acknowledgement(task));
        case "sync":
          return recordReply((await tasks.settled(task.id, signal)) ?? task);
        case "stream":
          return eventStream(tasks.watch(task.id, signal));
        case "image":
          return firstImage((await tasks.settled(task.id, signal)) ?? task, accept, images);
      }
    },
    {
      parse: "none",
      detail: {
        tags: ["GenerateV1"],
        operationId: "generate_routes_v1_engine_generate__post",
        summary: "Make pictures",
        requestBody: jsonRequest(CommonRequest),
        responses: { 200: generateAnswer },
        security: keyed,
      },
    },
  );

const generateAnswer = {
  description: "The record, or with the Accept header or `stream_output` a picture or events.",
  content: {
    ...jsonAnswer(TaskRecord).content,
    "text/event-stream": { schema: { type: "string" as const } },
    ...pictureContent,
  },
};

type ReplyKind = "async" | "sync" | "stream" | "image";

/** Naming both flags as false asks for the picture itself, as the migration guide has it, unless JSON is asked for. */
function replyKind(accept: string, { stream_output, async_process }: GenerateRequest): ReplyKind {
  if (asksForImage(accept)) return "image";
  if (stream_output === true) return "stream";
  if (async_process === true) return "async";
  const bothRefused = async_process === false && stream_output === false;
  return bothRefused && !accept.includes("application/json") ? "image" : "sync";
}

const hasFailed = ({ state }: Task): boolean => state.status === "settled" && state.outcome === "failed";

const recordReply = (task: Task): Response => jsonReply(storedRecord(task), hasFailed(task) ? 500 : 200);

/** 204 when there is no picture because it was stopped; the record when it failed. */
async function firstImage(task: Task, accept: string, images: ImageStore): Promise<Response> {
  const first = task.state.status === "settled" ? task.state.images[0] : undefined;
  const kept = first === undefined ? undefined : keptImageOf(first.url);
  const path = kept === undefined ? undefined : images.output(kept.folder, kept.name);
  if (path !== undefined) return convertedReply(path, accept);
  return hasFailed(task) ? recordReply(task) : new Response(null, { status: 204 });
}
