import type { GenerateRequest } from "#/api/generate.ts";
import type { JsonObject } from "#/api/json.ts";
import { isImage } from "#/api/stored.ts";
import type { DescribeImageRequest, GenerateMaskRequest } from "#/api/tools.ts";
import type { Tool, ToolAnswer } from "#/engine/protocol.ts";
import { decodeImage } from "#/image/decode.ts";
import { encodeMask } from "#/image/encode-mask.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";
import type { World } from "#/recipe/resolve.ts";
import { readMetadata } from "#/stores/metadata/read.ts";
import { goneInputs } from "../picture-texts/image-input.ts";
import { requestOfImage } from "../picture-texts/request-of-image.ts";
import { type InputOptions, imageSource } from "./image-source.ts";
import { type MaskShelf, maskOf } from "./mask-tool.ts";

/** What can be done with a picture beside making one. */
export type Tools = Readonly<{
  /**
   * How a picture was made, as the picture says it and as a request that makes it again.
   *
   * @throws RequestError `bad-image`, or `no-metadata` for a picture that says nothing
   */
  readMetadata: (image: Uint8Array) => Promise<JsonObject>;
  /**
   * The bytes of an image as a client may give it in JSON.
   *
   * @throws RequestError naming the field `image`
   */
  imageOf: (value: string) => Promise<Uint8Array>;
  /**
   * A mask of what a picture shows: a PNG in base64, of the picture's size.
   *
   * @param signal ends the question: nobody waits for the answer any more
   * @throws RequestError for what is wrong with the request, or lacks a file; AppError for what went wrong with the engine
   */
  generateMask: (request: GenerateMaskRequest, signal: AbortSignal) => Promise<string>;
  /** @throws RequestError for what is wrong with the request, else `not-implemented` naming the model that is missing */
  describeImage: (image: Uint8Array, type: DescribeImageRequest["image_type"]) => Promise<never>;
}>;

const field = "image";

/** What describes pictures of each type in the reference. */
const describers = {
  Photo: "BLIP (model_base_caption_capfilt_large.pth)",
  Anime: "WD 1.4 (wd-v1-4-moat-tagger-v2.onnx)",
} as const satisfies Record<DescribeImageRequest["image_type"], string>;

/** Asks the next engine that is free about a picture; see `ToolRuns.ask`. */
export type AskTool = (tool: Tool, picture: Pixmap, signal: AbortSignal) => Promise<ToolAnswer>;

/** What the tools work with. */
export type ToolParts = Readonly<{
  inputOptions: () => InputOptions;
  /** What this server could make pictures with now. */
  world: () => World;
  /** What would be said of a request if it were posted. */
  foresee: (request: GenerateRequest) => Promise<readonly string[]>;
  shelf: MaskShelf;
  askTool: AskTool;
}>;

/** Puts the tools together. */
export function createTools({ inputOptions, world, foresee, shelf, askTool }: ToolParts): Tools {
  const imageOf = async (value: string): Promise<Uint8Array> => {
    if (!isImage(value)) {
      const message = "There is no image: give a URL, base64 or a data URI.";
      throw new RequestError("bad-image", message, { field, value });
    }
    return (await imageSource(value, field, inputOptions())).bytes;
  };
  return {
    imageOf,
    readMetadata: async (bytes) => {
      const read = await readMetadata(bytes, field);
      if (read === undefined) {
        const message =
          "The picture says nothing of how it was made; Fooocus, its APIs and A1111 write it into PNG, JPEG and WebP " +
          "when metadata is switched on.";
        throw new RequestError("no-metadata", message, { field });
      }
      const { request, warnings } = requestOfImage(read, world());
      const { images } = inputOptions();
      const gone = goneInputs(request, (name) => images.input(name) !== undefined);
      const { scheme, text, values } = read;
      return {
        scheme,
        parameters: text,
        values: values as JsonObject,
        request: request as JsonObject,
        warnings: [...new Set([...warnings, ...gone, ...(await foresee(request))])],
      };
    },
    generateMask: async (request, signal) => {
      const picture = await decodeImage(await imageOf(request.image), field, inputOptions().decoding);
      const making = maskOf(request, world(), shelf);
      const { mask } = await askTool({ tool: "mask", making }, picture, signal);
      // What detects answers in colours, as the contract has it, though all masks are grey.
      return (await encodeMask(mask, making.by === "matte" ? 1 : 3)).toBase64();
    },
    describeImage: async (bytes, type) => {
      await decodeImage(bytes, field, inputOptions().decoding);
      throw notYet("Pictures cannot be described", describers[type], "image_type");
    },
  };
}

const notYet = (what: string, model: string, of: string): RequestError =>
  new RequestError("not-implemented", `${what} yet: the model ${model} is not there in this version.`, {
    field: of,
    model,
  });
