import { Elysia } from "elysia";
import type { ImageStore } from "#/stores/images.ts";
import { conditionStatus } from "./http/conditional.ts";

/** Small versions of pictures, for lists of many. */
export const thumbnailsRoute = ({ images }: Readonly<{ images: ImageStore }>) =>
  new Elysia({ name: "routes/thumbnails" }).get(
    "/thumbnails/:dir_name/:file_name",
    async ({ params, request }): Promise<Response> => {
      const image = { folder: params.dir_name, name: params.file_name };
      const bytes = await images.thumbnail(image, request.signal);
      if (bytes === undefined) return new Response(null, { status: 404 });
      const etag = `"${Bun.hash(bytes).toString(16)}"`;
      const names = { etag, "cache-control": ageOf(request) };
      const status = conditionStatus(request, { etag, lastModified: 0 });
      if (status !== undefined) return new Response(null, { status, headers: names });
      return new Response(bytes, { headers: { ...names, "content-type": "image/webp" } });
    },
    {
      detail: {
        tags: ["Query"],
        operationId: "get_thumbnail",
        summary: "A small version of a picture that was made",
        responses: {
          200: {
            description: "WebP, its long side at most 384 pixels.",
            content: { "image/webp": { schema: { type: "string", format: "binary" } } },
          },
          304: { description: "It is the one that If-None-Match names." },
          404: { description: "There is no such picture." },
        },
      },
    },
  );

/** An address with a task in it never means another picture; without one, a file's name may come again after a deletion. */
const ageOf = ({ url }: Request): string =>
  new URL(url).searchParams.has("task") ? "private, max-age=31536000, immutable" : "private, no-cache";
