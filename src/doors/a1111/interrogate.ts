import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { text } from "#/api/fields.ts";
import { jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { RequestError } from "#/lib/errors.ts";
import type { DoorParts } from "#/routes/door.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { orNull, readWords } from "./api/words.ts";
import { refusedInA1111Words } from "./reading/field-names.ts";

const Interrogate = Type.Object(
  {
    image: orNull(text("", "The picture: base64, data URI or URL.")),
    model: orNull(text("clip", "clip: a sentence; deepdanbooru: tags.")),
  },
  { title: "InterrogateRequest", requiredKeys: [] },
);

const InterrogateAnswer = Type.Object({ caption: Type.String() }, { title: "InterrogateResponse" });

/** What describes a picture, by A1111's names. */
const describers: Readonly<Record<string, "Photo" | "Anime">> = {
  clip: "Photo",
  deepdanbooru: "Anime",
  deepbooru: "Anime",
};

/** What a picture shows, in words. */
export const interrogateRoute = ({ tools }: Pick<DoorParts, "tools">) =>
  new Elysia({ name: "doors/a1111/interrogate" }).use(jsonBody()).post(
    "/sdapi/v1/interrogate",
    async ({ request, json }): Promise<Response> => {
      const { image, model } = readWords(Interrogate, json) as Readonly<{ image: string; model: string }>;
      const as = Object.hasOwn(describers, model) ? describers[model] : undefined;
      if (as === undefined) {
        const message = `Model not found: there is no ${JSON.stringify(model.slice(0, 60))} here; there are clip and deepdanbooru.`;
        throw new RequestError("unknown-model", message, { field: "model", value: model.slice(0, 60) });
      }
      const { describe } = await refusedInA1111Words(async () =>
        tools.describeImage(await tools.imageOf(image), as, request.signal),
      );
      return jsonReply({ caption: describe });
    },
    {
      parse: "none",
      detail: {
        tags: ["A1111"],
        operationId: "a1111_interrogate",
        summary: "Say what a picture shows",
        requestBody: jsonRequest(Interrogate),
        responses: { 200: jsonAnswer(InterrogateAnswer) },
      },
    },
  );
