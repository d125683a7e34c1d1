import { Elysia } from "elysia";
import { pictureContent } from "#/api/openapi.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { ImageStore } from "#/stores/images.ts";
import { acceptedBy, askedConversion } from "./http/accept.ts";
import { convertedReply } from "./http/replies.ts";

export type FilesDependencies = Readonly<{ images: ImageStore; decoding?: DecodeGate }>;

/** Pictures that were made, and pictures that requests brought. */
export const filesRoutes = ({ images, decoding }: FilesDependencies) =>
  new Elysia({ name: "routes/files" })
    .get(
      "/outputs/:dir_name/:file_name",
      ({ params, request }) => fileReply(images.output(params.dir_name, params.file_name), request, decoding),
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
      ({ params, request }) => fileReply(images.input(params.file_name), request, decoding),
      {
        detail: {
          ...described,
          operationId: "get_input_inputs__file_name__get",
          summary: "A picture that a request brought",
        },
      },
    );

const described = {
  tags: ["Query"],
  responses: {
    200: {
      description: "The picture; in another format if Accept names one alone.",
      content: pictureContent,
    },
    404: { description: "There is no such picture." },
  },
};

/** The file itself with ranges, or encoded anew when the Accept header names one format and nothing else. */
export async function fileReply(
  path: string | undefined,
  request: Request,
  decoding?: DecodeGate,
): Promise<Response> {
  if (path === undefined) return new Response(null, { status: 404 });
  const format = askedConversion(acceptedBy(request));
  if (format !== undefined) return convertedReply(path, format, decoding);
  const file = Bun.file(path);
  const { lastModified, size } = file;
  // To a request for a range, Bun adds what it takes ranges in.
  const ranges = request.headers.has("range") ? {} : { "accept-ranges": "bytes" };
  return new Response(file, {
    headers: {
      ...ranges,
      etag: `"${Bun.hash(`${lastModified}-${size}`).toString(16)}"`,
      "last-modified": new Date(lastModified).toUTCString(),
    },
  });
}
