import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { text } from "#/api/fields.ts";
import { jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { readBody } from "#/api/read.ts";
import { readEmbeddedText } from "#/image/read-embedded-text.ts";
import type { DoorParts } from "#/routes/door.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { readA1111 } from "#/stores/metadata/a1111.ts";

const PngInfo = Type.Object(
  { image: text("", "The picture: base64, data URI or URL.") },
  { title: "PNGInfoRequest", requiredKeys: ["image"] },
);

const PngInfoAnswer = Type.Object(
  { info: Type.String(), items: Type.Any(), parameters: Type.Any() },
  { title: "PNGInfoResponse" },
);

/** What a picture says of its making, as A1111 tells it. */
export const pngInfoRoute = ({ tools }: Pick<DoorParts, "tools">) =>
  new Elysia({ name: "doors/a1111/png-info" }).use(jsonBody()).post(
    "/sdapi/v1/png-info",
    async ({ json }): Promise<Response> => {
      const { image } = readBody(PngInfo, json) as Readonly<{ image: string }>;
      const { parameters = "" } = await readEmbeddedText(await tools.imageOf(image.trim()));
      return jsonReply({
        info: parameters,
        items: parameters === "" ? {} : { parameters },
        parameters: readA1111(parameters) ?? {},
      });
    },
    {
      parse: "none",
      detail: {
        tags: ["A1111"],
        operationId: "a1111_png_info",
        summary: "Read from a picture how it was made",
        requestBody: jsonRequest(PngInfo),
        responses: { 200: jsonAnswer(PngInfoAnswer) },
      },
    },
  );
