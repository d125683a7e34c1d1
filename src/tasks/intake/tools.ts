import type { GenerateRequest } from "#/api/generate.ts";
import type { JsonObject } from "#/api/json.ts";
import { isImage } from "#/api/stored.ts";
import type { DescribeImageRequest, GenerateMaskRequest } from "#/api/tools.ts";
import { decodeImage } from "#/image/decode.ts";
import { RequestError } from "#/lib/errors.ts";
import { knownName } from "#/recipe/names.ts";
import type { World } from "#/recipe/resolve.ts";
import { readMetadata } from "#/stores/metadata/read.ts";
import { goneInputs } from "../picture-texts/image-input.ts";
import { requestOfImage } from "../picture-texts/request-of-image.ts";
import { type InputOptions, imageSource } from "./image-source.ts";

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
  /** @throws RequestError for what is wrong with the request, else `not-implemented` naming the model that is missing */
  generateMask: (request: GenerateMaskRequest) => Promise<never>;
  /** @throws RequestError for what is wrong with the request, else `not-implemented` naming the model that is missing */
  describeImage: (image: Uint8Array, type: DescribeImageRequest["image_type"]) => Promise<never>;
}>;

const field = "image";

/** Values of the mask request that the contract does not check and the reference fails at. */
const clothCategories = ["full", "upper", "lower"] as const;
const samModels = ["vit_b", "vit_l", "vit_h"] as const;

/** What describes pictures of each type in the reference. */
const describers = {
  Photo: "BLIP (model_base_caption_capfilt_large.pth)",
  Anime: "WD 1.4 (wd-v1-4-moat-tagger-v2.onnx)",
} as const satisfies Record<DescribeImageRequest["image_type"], string>;

/**
 * @param world   what this server could make pictures with now
 * @param foresee what would be said of a request if it were posted
 */
export function createTools(
  inputOptions: () => InputOptions,
  world: () => World,
  foresee: (request: GenerateRequest) => Promise<readonly string[]>,
): Tools {
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
    generateMask: async (request) => {
      if (request.mask_model === "u2net_cloth_seg")
        knownName(request.cloth_category, clothCategories, "cloth_category", "cloth category");
      if (request.mask_model === "sam") knownName(request.sam_model, samModels, "sam_model", "SAM model");
      await decodeImage(await imageOf(request.image), field, inputOptions().decoding);
      const model = request.mask_model === "sam" ? `SAM (${request.sam_model})` : request.mask_model;
      throw notYet("Masks cannot be made", model, "mask_model");
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
