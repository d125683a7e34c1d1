import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Json } from "#/api/json.ts";
import { formRequest, jsonAnswer, jsonRequest, pictureContent } from "#/api/openapi.ts";
import { readBody, readJson } from "#/api/read.ts";
import {
  DescribeImageRequest,
  DescribeImageResponse,
  GenerateMaskRequest,
  ReadMetadataForm,
  ReadMetadataRequest,
  ReadMetadataResponse,
} from "#/api/tools.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { type AddressBook, addressesFor } from "#/routes/answers/addresses.ts";
import { plainBodyOf } from "#/routes/http/content-encoding.ts";
import { formOf, isMultipart } from "#/routes/http/form.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { Tools } from "#/tasks/intake/tools.ts";

/**
 * Answers a form that asks for the description of a picture.
 *
 * @param describe answers the same question in this API's words; what it throws is answered in the form's
 */
export type DescribeForm = (
  request: Request,
  log: Log,
  describe: (words: DescribeImageRequest) => Response | Promise<Response>,
) => Promise<Response>;

export type ToolsDependencies = Readonly<{
  tools: Tools;
  log: Log;
  describeForm: DescribeForm;
  addresses?: AddressBook;
}>;

/** What pictures are good for beside being made: masks, descriptions, and how they were made. */
export const toolsRoutes = (parts: ToolsDependencies) =>
  new Elysia({ name: "doors/fooocus-api/tools" })
    .use(maskRoute(parts))
    .use(describeRoute(parts))
    .use(readMetadataRoute(parts));

const maskRoute = ({ tools, addresses: book }: ToolsDependencies) =>
  new Elysia().use(jsonBody()).post(
    "/v1/tools/generate_mask",
    async ({ request, json }): Promise<Response> => {
      const wanted = readBody(GenerateMaskRequest, json) as GenerateMaskRequest;
      const image = addressesFor(request, book).kept(wanted.image);
      return jsonReply(await tools.generateMask({ ...wanted, image }, request.signal));
    },
    {
      parse: "none",
      detail: {
        tags: ["GenerateV1"],
        operationId: "generate_mask_v1_tools_generate_mask_post",
        summary: "Make a mask of what a picture shows",
        description:
          "The answer is a PNG in base64, as large as the picture: white is what was looked for. A request waits for the " +
          "picture at hand; whoever closes the connection takes the question back.",
        requestBody: jsonRequest(GenerateMaskRequest),
        responses: { 200: jsonAnswer(Type.String(), "The mask: a PNG in base64.") },
      },
    },
  );

/** Another API has this path too: a form is its way to ask. */
const describeRoute = ({ tools, log, describeForm, addresses: book }: ToolsDependencies) => {
  const describe = async (
    { image, image_type }: DescribeImageRequest,
    { signal }: Pick<Request, "signal">,
  ): Promise<Response> =>
    jsonReply(await tools.describeImage(await tools.imageOf(image), image_type, signal));
  const kept = (wanted: DescribeImageRequest, request: Request): DescribeImageRequest => ({
    ...wanted,
    image: addressesFor(request, book).kept(wanted.image),
  });
  return new Elysia()
    .derive(
      async ({ request }): Promise<{ json: Json | undefined }> => ({
        json: isMultipart(request)
          ? undefined
          : readJson(await plainBodyOf(request), request.headers.get("content-type")),
      }),
    )
    .post(
      "/v1/tools/describe-image",
      async ({ request, json }): Promise<Response> =>
        json === undefined
          ? await describeForm(request, log, (words) => describe(words, request))
          : await describe(
              kept(readBody(DescribeImageRequest, json) as DescribeImageRequest, request),
              request,
            ),
      {
        parse: "none",
        detail: {
          tags: ["GenerateV1"],
          operationId: "describe_image_v1_tools_describe_image_post",
          summary: "Say what a picture shows",
          description:
            "Photographs are described in a sentence, drawings in tags; a file that is not there refuses the request, by name. " +
            "A form with the file `image`, and `image_type` in the query, is the legacy API's way to ask.",
          requestBody: jsonRequest(DescribeImageRequest),
          responses: { 200: jsonAnswer(DescribeImageResponse) },
        },
      },
    );
};

const readMetadataRoute = ({ tools, addresses: book }: ToolsDependencies) =>
  new Elysia().post(
    "/v1/tools/read-metadata",
    async ({ request }): Promise<Response> =>
      jsonReply(await tools.readMetadata(await pictureOf(request, tools, book))),
    {
      parse: "none",
      detail: {
        tags: ["GenerateV1"],
        operationId: "read_metadata_v1_tools_read_metadata_post",
        summary: "Read from a picture how it was made",
        description:
          "Takes JSON with a URL, base64 or data URI, a form with the file, or the picture itself as the body. " +
          "`request` in the answer can be posted to /v1/engine/generate/ as it is.",
        requestBody: {
          required: true,
          content: {
            // First, for openapi-generator, which otherwise asks for a model of the form that it does not write.
            ...formRequest(ReadMetadataForm).content,
            ...jsonRequest(ReadMetadataRequest).content,
            ...pictureContent,
          },
        },
        responses: { 200: jsonAnswer(ReadMetadataResponse) },
      },
    },
  );

/** A picture in a form, as the whole body, or named in JSON. A body that begins no JSON object is the picture itself. */
async function pictureOf(request: Request, tools: Tools, book: AddressBook | undefined): Promise<Uint8Array> {
  if (isMultipart(request)) return await pictureInForm(request);
  const bytes = await plainBodyOf(request);
  if (bytes.length > 0 && !beginsJson(bytes)) return bytes;
  const { image } = readBody(ReadMetadataRequest, readJson(bytes)) as ReadMetadataRequest;
  return await tools.imageOf(addressesFor(request, book).kept(image));
}

/** No kind of picture begins with a blank, a brace, a bracket or a quotation mark. */
const beginsJson = (bytes: Uint8Array): boolean =>
  /^\s*[[{"]/.test(new TextDecoder().decode(bytes.subarray(0, 64)));

async function pictureInForm(request: Request): Promise<Uint8Array> {
  const form = await formOf(request).catch((cause: unknown) => {
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
