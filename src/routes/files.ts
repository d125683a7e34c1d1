import { Elysia } from "elysia";
import { formatNames } from "#/image/encode.ts";
import type { ImageStore } from "#/stores/images.ts";
import { convertedReply } from "./replies.ts";

/** Pictures that were made, and pictures that requests brought. */
export const filesRoutes = ({ images }: { readonly images: ImageStore }) =>
  new Elysia({ name: "routes/files" })
    .get(
      "/outputs/:dir_name/:file_name",
      ({ params, request }) => fileReply(images.output(params.dir_name, params.file_name), request),
      { detail: { tags: ["Query"], operationId: "get_output_outputs__dir_name___file_name__get" } },
    )
    .get("/inputs/:file_name", ({ params, request }) => fileReply(images.input(params.file_name), request), {
      detail: { tags: ["Query"], operationId: "get_input_inputs__file_name__get" },
    });

/** The file itself with ranges, or encoded anew when the Accept header names one format. */
export async function fileReply(path: string | undefined, request: Request): Promise<Response> {
  if (path === undefined) return new Response(null, { status: 404 });
  const accept = request.headers.get("accept")?.toLowerCase() ?? "*/*";
  const [, format = "", more] = accept.split("/");
  if (more === undefined && Object.hasOwn(formatNames, format)) return convertedReply(path, accept);
  return new Response(Bun.file(path), { headers: { "accept-ranges": "bytes" } });
}
