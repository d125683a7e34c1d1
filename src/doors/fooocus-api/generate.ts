import { TypeGuard } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { TaskRecord } from "#/api/answers.ts";
import { CommonRequest, type GenerateRequest, generateFields } from "#/api/generate.ts";
import { jsonAnswer, jsonRequest, pictureContent, refusalAnswer } from "#/api/openapi.ts";
import { readBody } from "#/api/read.ts";
import { unknownKeysWarning } from "#/api/unknown-keys.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { ImageFormat } from "#/image/encode.ts";
import {
  type AddressBook,
  addressesFor,
  eventsFor,
  keptRequest,
  taskFor,
} from "#/routes/answers/addresses.ts";
import { ended } from "#/routes/answers/ended.ts";
import { firstPicture, withPictures } from "#/routes/answers/pictures.ts";
import { acceptedBy, askedPicture, type MediaRange, takesJson } from "#/routes/http/accept.ts";
import { idempotencyKey, keyParameter, replayed } from "#/routes/http/idempotency-key.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { convertedReply, jsonReply } from "#/routes/http/replies.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { TaskWriter } from "#/tasks/life-cycle/task-writer.ts";
import { eventStream } from "./event-stream.ts";
import { generatePath } from "./generate-path.ts";
import { otherNames } from "./other-names.ts";
import { acknowledgement, storedRecord } from "./record.ts";

export type GenerateDependencies = Readonly<{
  tasks: TaskReader & Pick<TaskWriter, "submitOnce">;
  images: ImageStore;
  decoding?: DecodeGate;
  addresses?: AddressBook;
}>;

/** One request, four ways to answer it, chosen by the Accept header and two body flags. */
export const generateRoute = ({ tasks, images, decoding, addresses: book }: GenerateDependencies) =>
  new Elysia({ name: "doors/fooocus-api/generate" }).use(jsonBody()).post(
    generatePath,
    async ({ request, json }): Promise<Response> => {
      // The reader checked every key that is present against this very schema.
      const addresses = addressesFor(request, book);
      const body = keptRequest(readBody(CommonRequest, json), addresses);
      const mode = modeOf(acceptedBy(request), body);
      const unknown = unknownKeysWarning(CommonRequest, json, otherNames);
      const single = mode.kind === "image";
      const key = idempotencyKey(request, { path: generatePath, single, body: json });
      const { task, isReplay } = await tasks.submitOnce(body, key, {
        single,
        ...(unknown === undefined ? {} : { warnings: [unknown] }),
        requestId: requestIdOf(request),
      });
      const answer = async (): Promise<Response> => {
        switch (mode.kind) {
          case "async":
            return jsonReply(acknowledgement(task));
          case "sync":
            return recordReply(taskFor(await ended(tasks, task.id, request.signal), addresses), images);
          case "stream":
            return eventStream(eventsFor(tasks.watch(task.id, request.signal), addresses));
          case "image":
            return firstImage(await ended(tasks, task.id, request.signal), mode.format, { images, decoding });
        }
      };
      return replayed(await answer(), isReplay);
    },
    {
      parse: "none",
      detail: {
        tags: ["GenerateV1"],
        operationId: "generate_routes_v1_engine_generate__post",
        summary: "Make pictures",
        description:
          "Answers with the record when it is finished; with `async_process` at once, to be followed with " +
          "`/tasks/{task_id}`; with `stream_output` with events; with `Accept: image/png` (jpeg, webp) with the " +
          "first picture. No field is required.",
        parameters: [keyParameter],
        requestBody: jsonRequest(CommonRequest, {
          prompt: "a red circle on a white background",
          performance_selection: "Lightning",
        }),
        responses: {
          200: generateAnswer,
          204: { description: "A picture was asked for, and the task was stopped before there was one." },
          400: refusalAnswer("No text, or no Idempotency-Key."),
          410: refusalAnswer("The task of this Idempotency-Key was deleted."),
          429: refusalAnswer("Too many tasks wait."),
          500: jsonAnswer(TaskRecord, "The task failed; `error` says why."),
        },
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

type Mode = Readonly<{ kind: "image"; format: ImageFormat } | { kind: "stream" | "async" | "sync" }>;

/**
 * Naming both flags as false asks for the picture itself, as the migration guide has it, unless JSON is asked for, or
 * nothing was asked for: clients that are generated from a description send the default of every switch.
 */
function modeOf(accepted: readonly MediaRange[], body: GenerateRequest): Mode {
  const { stream_output, async_process } = body;
  const format = askedPicture(accepted);
  if (format !== undefined) return { kind: "image", format };
  if (stream_output === true) return { kind: "stream" };
  if (async_process === true) return { kind: "async" };
  const isFilledIn = switches.every((name) => body[name] !== undefined);
  const bothRefused = async_process === false && stream_output === false && !isFilledIn;
  return bothRefused && !takesJson(accepted) ? { kind: "image", format: "png" } : { kind: "sync" };
}

const switches = generateFields.filter((name) => TypeGuard.IsBoolean(CommonRequest.properties[name]));

const hasFailed = ({ state }: Task): boolean => state.status === "settled" && state.outcome === "failed";

const recordReply = async (task: Task, images: ImageStore): Promise<Response> =>
  jsonReply(await withPictures(storedRecord(task), task, images), hasFailed(task) ? 500 : 200);

/** 204 when there is no picture because it was stopped; the record when it failed. */
async function firstImage(
  task: Task,
  format: ImageFormat,
  { images, decoding }: Readonly<{ images: ImageStore; decoding: DecodeGate | undefined }>,
): Promise<Response> {
  const path = await firstPicture(task, images);
  if (path !== undefined) return await convertedReply(path, format, decoding);
  return hasFailed(task) ? await recordReply(task, images) : new Response(null, { status: 204 });
}
