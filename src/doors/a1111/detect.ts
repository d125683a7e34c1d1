import { type Static, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { real, text, whole } from "#/api/fields.ts";
import type { GenerateRequest } from "#/api/generate.ts";
import { jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { unknownKeysWarning } from "#/api/unknown-keys.ts";
import { decodeImage } from "#/image/decode.ts";
import { RequestError } from "#/lib/errors.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { sides } from "./api/generation-fields.ts";
import { orNull, readWords } from "./api/words.ts";
import { type MakingParts, made } from "./made.ts";
import { type PictureParts, pictureIn } from "./reading/picture-in.ts";
import { readUnits } from "./reading/units.ts";

const pictures = () =>
  orNull(Type.Array(Type.String(), { default: [], description: "Pictures to prepare.", maxItems: 16 }));

/** Below 0 is the module's own. */
const thresholds = { minimum: -1, maximum: 255 } as const;

const Detect = Type.Object(
  {
    controlnet_module: orNull(text("none", "How: canny or cpds.")),
    controlnet_input_images: pictures(),
    // A client's own name for it.
    controlnet_images: pictures(),
    controlnet_processor_res: orNull(whole(512, "Not used: a picture is prepared in its own size.")),
    controlnet_threshold_a: orNull(real(64, "The lower threshold of canny.", thresholds)),
    controlnet_threshold_b: orNull(real(64, "The upper threshold of canny.", thresholds)),
  },
  { title: "A1111DetectRequest", requiredKeys: [] },
);
type DetectWords = Readonly<Static<typeof Detect>>;

const DetectAnswer = Type.Object(
  {
    images: Type.Array(Type.String()),
    info: Type.String(),
    warnings: Type.Optional(Type.Array(Type.String(), { description: "Ours: what was passed over." })),
  },
  { title: "A1111DetectResponse" },
);

/** Pictures as ControlNet would be given them. */
export const detectRoute = (parts: MakingParts & PictureParts) =>
  new Elysia({ name: "doors/a1111/detect" }).use(jsonBody()).post(
    "/controlnet/detect",
    async ({ request, json }): Promise<Response> => {
      const words = readWords(Detect, json) as DetectWords;
      const given = [...words.controlnet_input_images, ...words.controlnet_images];
      if (given.length === 0)
        throw new RequestError("invalid-value", "No image selected: controlnet_input_images is empty.", {
          field: "controlnet_input_images",
        });
      const images: string[] = [];
      for (const [at, image] of given.entries()) {
        const asked = await requestOf(image, `controlnet_input_images.${at}`, words, parts);
        const run = await made(asked, { word: "detect", warnings: [], request }, parts);
        images.push(...run.pictures.map(({ bytes }) => Buffer.from(bytes).toString("base64")));
      }
      const unknown = unknownKeysWarning(Detect, json);
      return jsonReply({
        images,
        info: "Success",
        ...(unknown === undefined ? {} : { warnings: [unknown] }),
      });
    },
    {
      parse: "none",
      detail: {
        tags: ["A1111"],
        operationId: "a1111_controlnet_detect",
        summary: "Prepare pictures that are to guide",
        requestBody: jsonRequest(Detect),
        responses: { 200: jsonAnswer(DetectAnswer) },
      },
    },
  );

async function requestOf(
  image: string,
  field: string,
  words: DetectWords,
  parts: PictureParts,
): Promise<GenerateRequest> {
  const module = words.controlnet_module.toLowerCase();
  if (module !== "canny" && module !== "cpds") {
    const message = `Module not available: ${JSON.stringify(module.slice(0, 60))}; canny and cpds are.`;
    throw new RequestError("invalid-value", message, { field: "controlnet_module" });
  }
  const bytes = await pictureIn(image, field, parts);
  const { width, height } = await decodeImage(bytes, field, parts.decoding);
  const unit = {
    image: Buffer.from(bytes).toString("base64"),
    module,
    threshold_a: words.controlnet_threshold_a,
    threshold_b: words.controlnet_threshold_b,
  };
  const drawn = (side: number): number => Math.min(sides.maximum, Math.max(sides.minimum, side));
  return {
    ...readUnits([unit], undefined).request,
    aspect_ratios_selection: `${drawn(width)}*${drawn(height)}`,
    debugging_cn_preprocessor: true,
    style_selections: [],
    loras: [],
    preset: "initial",
    image_number: 1,
    output_format: "png",
  };
}
