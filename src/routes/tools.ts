import { type TObject, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { writeJson } from "#/api/json.ts";
import { readBody, readJson } from "#/api/read.ts";
import { DescribeImageRequest, GenerateMaskRequest, ReadMetadataRequest } from "#/api/tools.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Tools } from "#/tasks/tools.ts";
import { jsonReply } from "./replies.ts";

export type ToolsDependencies = Readonly<{ tools: Tools }>;

/** What pictures are good for beside being made: masks, descriptions, and how they were made. */
export const toolsRoutes = ({ tools }: ToolsDependencies) =>
  new Elysia({ name: "routes/tools", prefix: "/v1/tools" })
    .post(
      "/generate_mask",
      async ({ request }): Promise<Response> => {
        const body = readBody(GenerateMaskRequest, readJson(await request.bytes())) as GenerateMaskRequest;
        return jsonReply(await tools.generateMask(body));
      },
      {
        parse: "none",
        detail: {
          tags: ["GenerateV1"],
          operationId: "generate_mask_v1_tools_generate_mask_post",
          summary: "Make a mask of what a picture shows",
          requestBody: inJson(GenerateMaskRequest),
        },
      },
    )
    .post(
      "/describe-image",
      async ({ request }): Promise<Response> => {
        const body = readBody(DescribeImageRequest, readJson(await request.bytes())) as DescribeImageRequest;
        return jsonReply(await tools.describeImage(await tools.imageOf(body.image), body.image_type));
      },
      {
        parse: "none",
        detail: {
          tags: ["GenerateV1"],
          operationId: "describe_image_v1_tools_describe_image_post",
          summary: "Say what a picture shows",
          requestBody: inJson(DescribeImageRequest),
        },
      },
    )
    .post(
      "/read-metadata",
      async ({ request }): Promise<Response> =>
        jsonReply(await tools.readMetadata(await pictureOf(request, tools))),
      {
        parse: "none",
        detail: {
          tags: ["GenerateV1"],
          operationId: "read_metadata_v1_tools_read_metadata_post",
          summary: "Read from a picture how it was made",
          description:
            "Takes JSON with a URL, base64 or data URI, a form with the file, or the picture itself as the body. " +
            "`request` in the answer can be posted to /v1/engine/generate/ as it is.",
          requestBody: inJson(ReadMetadataRequest),
        },
      },
    );

/** A body for OpenAPI: the image is required, everything else has a default. */
const inJson = (schema: TObject) => ({
  required: true,
  content: {
    "application/json": { schema: { ...JSON.parse(writeJson(Type.Partial(schema))), required: ["image"] } },
  },
});

/** A picture in a form, as the whole body, or named in JSON. A body that begins no JSON object is the picture itself. */
async function pictureOf(request: Request, tools: Tools): Promise<Uint8Array> {
  const contentType = request.headers.get("content-type")?.toLowerCase() ?? "";
  if (contentType.startsWith("multipart/form-data")) return await pictureInForm(request);
  const bytes = await request.bytes();
  if (bytes.length > 0 && !beginsJson(bytes)) return bytes;
  const { image } = readBody(ReadMetadataRequest, readJson(bytes)) as ReadMetadataRequest;
  return await tools.imageOf(image);
}

/** No kind of picture begins with a blank, a brace, a bracket or a quotation mark. */
const beginsJson = (bytes: Uint8Array): boolean =>
  /^\s*[[{"]/.test(new TextDecoder().decode(bytes.subarray(0, 64)));

async function pictureInForm(request: Request): Promise<Uint8Array> {
  const form = await request.formData().catch((cause: unknown) => {
    throw new RequestError("bad-image", "The form cannot be read.", { field: "image" }, cause);
  });
  const file = [form.get("image"), ...form.values()].find((part) => part instanceof Blob);
  if (file === undefined) {
    throw new RequestError("bad-image", "The form holds no file; send the picture as the part image.", {
      field: "image",
    });
  }
  return new Uint8Array(await file.arrayBuffer());
}
