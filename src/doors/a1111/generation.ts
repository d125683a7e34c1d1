import type { TObject } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Json, JsonObject } from "#/api/json.ts";
import { writeJson } from "#/api/json.ts";
import { jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { GenerationAnswer } from "./api/answers.ts";
import { ImageToImage, TextToImage } from "./api/bodies.ts";
import { infoOf } from "./info.ts";
import { type Made, type MakingParts, made } from "./made.ts";
import type { Word } from "./name.ts";
import { refusedInA1111Words } from "./reading/field-names.ts";
import {
  type ReadGeneration,
  type ReadingParts,
  readImageToImage,
  readTextToImage,
} from "./reading/read-generation.ts";

/** What pictures are made with. */
export type GenerationParts = MakingParts & Readonly<{ reading: ReadingParts }>;

type Route = Readonly<{
  word: Word;
  schema: TObject;
  read: (body: Json, parts: ReadingParts) => Promise<ReadGeneration>;
  summary: string;
  example: JsonObject;
}>;

/** A picture to try with. */
const onePixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

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
    example: { prompt: "a blue circle", init_images: [onePixel], denoising_strength: 0.6, steps: 8 },
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
        const { warnings } = said;
        return jsonReply(
          await answerOf(said, await made(said.request, { word, warnings, request }, parts), json),
        );
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

async function answerOf(said: ReadGeneration, made: Made, body: Json): Promise<JsonObject> {
  const { pictures } = made;
  return {
    images: said.words.send_images ? pictures.map(({ bytes }) => Buffer.from(bytes).toString("base64")) : [],
    parameters: echoOf(said, body),
    info: writeJson(await infoOf(said, made)),
  };
}

/** What was asked for, every field filled; pictures only where the request wants them back. */
function echoOf({ words }: ReadGeneration, body: Json): JsonObject {
  const { include_init_images: back = false } = words as Readonly<{ include_init_images?: boolean }>;
  const pictures = back ? {} : { init_images: null, mask: null };
  const isOfPicture = "init_images" in words && body !== null;
  return { ...(words as JsonObject), ...(isOfPicture ? pictures : {}) };
}
