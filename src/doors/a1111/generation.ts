import type { TObject } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Json, JsonObject } from "#/api/json.ts";
import { writeJson } from "#/api/json.ts";
import { jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { errorOf } from "#/lib/errors.ts";
import { ended } from "#/routes/answers/ended.ts";
import type { DoorParts } from "#/routes/door.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import { resultPath } from "#/stores/images.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { GenerationAnswer } from "./api/answers.ts";
import { ImageToImage, TextToImage } from "./api/bodies.ts";
import { infoOf, type MadePicture } from "./info.ts";
import { doorName, type Word } from "./name.ts";
import { refusedInA1111Words } from "./reading/field-names.ts";
import {
  type ReadGeneration,
  type ReadingParts,
  readImageToImage,
  readTextToImage,
} from "./reading/read-generation.ts";

/** What pictures are made with. */
export type GenerationParts = Pick<DoorParts, "tasks" | "images"> & Readonly<{ reading: ReadingParts }>;

type Route = Readonly<{
  word: Word;
  schema: TObject;
  read: (body: Json, parts: ReadingParts) => Promise<ReadGeneration>;
  summary: string;
  example: JsonObject;
}>;

const routes: readonly Route[] = [
  {
    word: "txt2img",
    schema: TextToImage,
    read: readTextToImage,
    summary: "Make pictures of a text",
    example: { prompt: "a red circle on a white background", steps: 8, width: 256, height: 256 },
  },
  {
    word: "img2img",
    schema: ImageToImage,
    read: readImageToImage,
    summary: "Make pictures of a picture, or paint a part of it anew",
    example: { prompt: "a blue circle", init_images: [""], denoising_strength: 0.6, steps: 8 },
  },
];

/** A1111's ways to make pictures: ordinary tasks, waited for. */
export function generationRoutes(parts: GenerationParts) {
  const app = new Elysia({ name: "doors/a1111/generation" }).use(jsonBody());
  for (const { word, schema, read, summary, example } of routes)
    app.post(
      `/sdapi/v1/${word}`,
      async ({ request, json }): Promise<Response> => {
        const said = await refusedInA1111Words(() => read(json, parts.reading));
        const task = await submitted(said, word, request, parts);
        const settled = await ended(parts.tasks, task.id, request.signal);
        return jsonReply(await answerOf(said, settled, json, parts));
      },
      {
        parse: "none",
        detail: {
          tags: ["A1111"],
          operationId: `a1111_${word}`,
          summary,
          requestBody: jsonRequest(schema, example),
          responses: { 200: jsonAnswer(GenerationAnswer) },
        },
      },
    );
  return app;
}

const submitted = (
  { request: asked, warnings }: ReadGeneration,
  word: Word,
  request: Request,
  { tasks }: GenerationParts,
): Promise<Task> =>
  refusedInA1111Words(() =>
    tasks.submit(asked, { door: { name: doorName, word }, warnings, requestId: requestIdOf(request) }),
  );

async function answerOf(
  said: ReadGeneration,
  task: Task,
  body: Json,
  { images }: GenerationParts,
): Promise<JsonObject> {
  const { state } = task;
  if (state.status !== "settled") return {};
  if (state.error !== null) throw errorOf(state.error);
  const kept = await Promise.all(
    state.images.map(async (image): Promise<readonly MadePicture[]> => {
      const path = resultPath(image.url, images);
      return path === undefined ? [] : [{ image, bytes: await Bun.file(path).bytes() }];
    }),
  );
  const made = kept.flat();
  const info = await infoOf(said, task, made);
  return {
    images: said.words.send_images ? made.map(({ bytes }) => Buffer.from(bytes).toString("base64")) : [],
    parameters: echoOf(said, body),
    info: writeJson(info),
  };
}

/** What was asked for, every field filled; pictures only where the request wants them back. */
function echoOf({ words }: ReadGeneration, body: Json): JsonObject {
  const { include_init_images: back = false } = words as Readonly<{ include_init_images?: boolean }>;
  const pictures = back ? {} : { init_images: null, mask: null };
  const isOfPicture = "init_images" in words && body !== null;
  return { ...(words as JsonObject), ...(isOfPicture ? pictures : {}) };
}
