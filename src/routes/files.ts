import { Elysia } from "elysia";
import { pictureContent } from "#/api/openapi.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { ImageStore } from "#/stores/images.ts";
import { acceptedBy, askedConversion } from "./http/accept.ts";
import { conditionStatus } from "./http/conditional.ts";
import { fileReply, validatorHeaders, validatorsOf } from "./http/file-reply.ts";
import { convertedReply } from "./http/replies.ts";
import { thumbnailsRoute } from "./thumbnails.ts";

export type FilesDependencies = Readonly<{ images: ImageStore; decoding?: DecodeGate }>;

/** Pictures that were made, also small ones, and pictures that requests brought. */
export const filesRoutes = ({ images, decoding }: FilesDependencies) =>
  new Elysia({ name: "routes/files" })
    .use(thumbnailsRoute({ images }))
    .get(
      "/outputs/:dir_name/:file_name",
      async ({ params, request }) =>
        await pictureReply(await images.output(params.dir_name, params.file_name), request, decoding),
      {
        detail: {
          ...described,
          operationId: "get_output_outputs__dir_name___file_name__get",
          summary: "A picture that was made",
        },
      },
    )
    .get(
      "/inputs/:file_name",
      async ({ params, request }) =>
        await pictureReply(await images.input(params.file_name), request, decoding),
      {
        detail: {
          ...described,
          operationId: "get_input_inputs__file_name__get",
          summary: "A picture that a request brought",
        },
      },
    )
    .head(
      "/outputs/:dir_name/:file_name",
      async ({ params, request }) =>
        await pictureReply(await images.output(params.dir_name, params.file_name), request, decoding),
      hidden,
    )
    .head(
      "/inputs/:file_name",
      async ({ params, request }) =>
        await pictureReply(await images.input(params.file_name), request, decoding),
      hidden,
    );

const hidden = { detail: { hide: true } };

const described = {
  tags: ["Query"],
  responses: {
    200: {
      description: "The picture; in another format if Accept names one alone.",
      content: pictureContent,
    },
    304: { description: "It is the one that If-None-Match or If-Modified-Since names." },
    404: { description: "There is no such picture." },
    412: { description: "It is not the one that If-Match or If-Unmodified-Since names." },
  },
};

/**
 * The file itself with ranges, or encoded anew when the Accept header names one format and nothing else; 304 to who has it
 * already. HEAD is answered as GET, without the bytes.
 */
export async function pictureReply(
  path: string | undefined,
  request: Request,
  decoding?: DecodeGate,
): Promise<Response> {
  if (path === undefined) return new Response(null, { status: 404 });
  // An answer's own header takes the place of the one that goes with its origin, so both are said here.
  const vary = { vary: request.headers.has("origin") ? "Accept, Origin" : "Accept" };
  const file = Bun.file(path);
  const format = askedConversion(acceptedBy(request));
  if (format === undefined) return fileReply(file, request, vary);
  const validators = validatorsOf(file, format);
  const headers = { ...validatorHeaders(validators), ...vary };
  const status = conditionStatus(request, validators);
  if (status !== undefined) return new Response(null, { status, headers });
  const converted = await convertedReply(path, format, decoding);
  for (const [name, value] of Object.entries(headers)) converted.headers.set(name, value);
  return converted;
}
