import type { GenerateRequest } from "#/api/generate.ts";
import type { JsonObject } from "#/api/json.ts";
import { isImage } from "#/api/stored.ts";
import type { DescribeImageRequest, GenerateMaskRequest } from "#/api/tools.ts";
import type { Tool, ToolAnswer } from "#/engine/protocol.ts";
import { decodeImage } from "#/image/decode.ts";
import { encodeMask } from "#/image/encode-mask.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { BugError, RequestError } from "#/lib/errors.ts";
import type { World } from "#/recipe/resolve.ts";
import { readMetadata } from "#/stores/metadata/read.ts";
import { goneInputs } from "../picture-texts/image-input.ts";
import { requestOfImage } from "../picture-texts/request-of-image.ts";
import { type CaptionShelf, checkCaptionerThere } from "./caption-tool.ts";
import { type InputOptions, imageSource } from "./image-source.ts";
import { type MaskShelf, maskOf } from "./mask-tool.ts";
import { checkTaggerThere, type TaggerShelf } from "./tagger-tool.ts";

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
  /**
   * What a picture shows, in words.
   *
   * @param signal ends the question: nobody waits for the answer any more
   * @throws RequestError for what is wrong with the request, or lacks a file; AppError for what went wrong with the engine
   */
  describeImage: (
    image: Uint8Array,
    type: DescribeImageRequest["image_type"],
    signal: AbortSignal,
  ) => Promise<Readonly<{ describe: string }>>;
}>;

const field = "image";

/** Asks the next engine that is free about a picture; see `ToolRuns.ask`. */
export type AskTool = (tool: Tool, picture: Pixmap, signal: AbortSignal) => Promise<ToolAnswer>;

/** What the tools work with. */
export type ToolParts = Readonly<{
  inputOptions: () => InputOptions;
  /** What this server could make pictures with now. */
  world: () => World;
  /** What would be said of a request if it were posted. */
  foresee: (request: GenerateRequest) => Promise<readonly string[]>;
  shelf: MaskShelf & TaggerShelf & CaptionShelf;
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
      const gone = await goneInputs(request, async (name) => (await images.input(name)) !== undefined);
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
      const answer = await askTool({ tool: "mask", making }, picture, signal);
      if (answer.tool !== "mask") throw new BugError("A mask was asked for, and something else came.");
      const { mask } = answer;
      // What detects answers in colours, as the contract has it, though all masks are grey.
      return (await encodeMask(mask, making.by === "matte" ? 1 : 3)).toBase64();
    },
    describeImage: async (bytes, type, signal) => {
      const picture = await decodeImage(bytes, field, inputOptions().decoding);
      const describer = describers[type];
      describer.check("image_type", shelf);
      const answer = await askTool({ tool: "describe", as: describer.as }, picture, signal);
      if (answer.tool !== "describe") throw new BugError("Words were asked for, and something else came.");
      return { describe: answer.text };
    },
  };
}

/** What describes pictures of each type, and what looks whether its files are there. */
const describers = {
  Photo: { as: "caption", check: checkCaptionerThere },
  Anime: { as: "tags", check: checkTaggerThere },
} as const satisfies Record<DescribeImageRequest["image_type"], unknown>;
