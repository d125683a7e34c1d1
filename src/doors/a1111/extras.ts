import { Elysia } from "elysia";
import { jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { unknownKeysWarning } from "#/api/unknown-keys.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import {
  ExtrasBatch,
  ExtrasBatchAnswer,
  ExtrasSingle,
  ExtrasSingleAnswer,
  type ExtrasSingleWords,
  type ExtrasWords,
} from "./api/extras.ts";
import { readWords } from "./api/words.ts";
import { type EnlargingParts, enlarged } from "./enlarge.ts";

/** Pictures enlarged without being drawn over, one or several. */
export const extrasRoutes = (parts: EnlargingParts) =>
  new Elysia({ name: "doors/a1111/extras", prefix: "/sdapi/v1" })
    .use(jsonBody())
    .post(
      "/extra-single-image",
      async ({ request, json }): Promise<Response> => {
        const words = readWords(ExtrasSingle, json) as ExtrasSingleWords;
        const { png, told } = await enlarged(words.image, { words, field: "image", request }, parts);
        const unknown = unknownKeysWarning(ExtrasSingle, json);
        return jsonReply({ html_info: htmlOf([...told, ...[unknown ?? []].flat()]), image: base64(png) });
      },
      {
        parse: "none",
        detail: {
          tags: ["A1111"],
          operationId: "a1111_extra_single_image",
          summary: "Enlarge a picture",
          requestBody: jsonRequest(ExtrasSingle),
          responses: { 200: jsonAnswer(ExtrasSingleAnswer) },
        },
      },
    )
    .post(
      "/extra-batch-images",
      async ({ request, json }): Promise<Response> => {
        const words = readWords(ExtrasBatch, json) as ExtrasWords;
        const images: string[] = [];
        const told = [unknownKeysWarning(ExtrasBatch, json) ?? []].flat();
        for (const [at, { data }] of words.imageList.entries()) {
          const field = `imageList.${at}.data`;
          const one = await enlarged(data, { words, field, request }, parts);
          images.push(base64(one.png));
          told.push(...one.told);
        }
        return jsonReply({ html_info: htmlOf(told), images });
      },
      {
        parse: "none",
        detail: {
          tags: ["A1111"],
          operationId: "a1111_extra_batch_images",
          summary: "Enlarge several pictures",
          requestBody: jsonRequest(ExtrasBatch),
          responses: { 200: jsonAnswer(ExtrasBatchAnswer) },
        },
      },
    );

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

const htmlOf = (told: readonly string[]): string =>
  [...new Set(told)].map((sentence) => `<p>${escaped(sentence)}</p>`).join("");

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
