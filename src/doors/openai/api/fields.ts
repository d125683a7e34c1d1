import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { alsoSpelled, choice, flag, list, mostLoras, real, text, whole } from "#/api/fields.ts";
import { CommonRequest } from "#/api/generate.ts";

const main = CommonRequest.properties;

/** Values of `quality`: of today's models and of those before them. */
export const qualities = ["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"] as const;

/** The formats that pictures are made in. */
export const outputFormats = ["png", "jpeg", "webp"] as const;
export type OutputFormat = (typeof outputFormats)[number];

const Lora = Type.Object(
  {
    model_name: text("", "File name of a LoRA, as /v1/engines/all-models lists it."),
    weight: real(1, "Strength.", { minimum: -2, maximum: 2 }),
  },
  { title: "ImageLora", requiredKeys: ["model_name"] },
);

/** What OpenAI's clients say. */
const theirs = {
  prompt: text("", "What to draw."),
  model: text("", "A name of /v1/models; another one means the server's own, with a warning."),
  n: whole(1, "How many pictures.", { minimum: 1, maximum: 32 }),
  size: text("auto", "`auto`, or WIDTHxHEIGHT with sides of 64 to 4096 that are multiples of 8."),
  quality: choice(qualities, "auto", "ImageQuality", "How much work is done: chooses the performance."),
  output_format: alsoSpelled(choice(outputFormats, "png", "ImageOutputFormat", "Format of the pictures."), {
    jpg: "jpeg",
  }),
  output_compression: whole(100, "Quality of JPEG and WebP.", { minimum: 0, maximum: 100 }),
  response_format: choice(
    ["url", "b64_json"],
    "b64_json",
    "ImageResponseFormat",
    "How pictures are answered; `url` where nothing is said and the model is called dall-e.",
  ),
  stream: flag(false, "Answer with events."),
  partial_images: whole(0, "With `stream`: how often each picture is shown while it is drawn.", {
    minimum: 0,
    maximum: 3,
  }),
};

/** Seeds have 63 bits. */
const seedEnd = 2 ** 63;

/** What is ours. */
const ours = {
  negative_prompt: main.negative_prompt,
  seed: {
    ...main.image_seed,
    description: "Seed of the first picture; -1 draws one.",
    minimum: -1,
    exclusiveMaximum: seedEnd,
  },
  steps: whole(30, "Number of steps, in place of the performance's own.", { minimum: 1 }),
  guidance_scale: main.guidance_scale,
  sharpness: main.sharpness,
  performance: main.performance_selection,
  styles: main.style_selections,
  loras: list(Lora, [], "LoRAs, in place of the server's own.", mostLoras),
  sampler_name: main.sampler_name,
  scheduler_name: main.scheduler_name,
  preset: main.preset,
};

/** Of an edit alone. */
const ofEdits = {
  input_fidelity: choice(["low", "high"], "low", "ImageInputFidelity", "How near a variation stays."),
  strength: real(0.85, "How strongly the picture is changed; without a mask in place of `input_fidelity`.", {
    minimum: 0.01,
    maximum: 1,
  }),
};

/** Fields of OpenAI's that nothing is done with here. */
const passedOver = {
  background: text("auto", "Not used: pictures are opaque."),
  moderation: text("auto", "Not used."),
  style: text("", "Not used: `styles` names styles."),
  user: text("", "Not used."),
  safety_identifier: text("", "Not used."),
};

const GenerationFields = Type.Object({ ...theirs, ...ours }, { requiredKeys: [] });
const EditFields = Type.Object({ ...theirs, ...ofEdits, ...ours }, { requiredKeys: [] });

/** What is read of a body of each kind, its pictures aside. */
export const imageFields = { generation: GenerationFields, edit: EditFields } as const;

/** Which of the two things a request asks for; the word that is kept with its task. */
export type ImageJob = keyof typeof imageFields;

/** What a request said: the fields that were given, converted. */
export type ImageWords = Readonly<Partial<Static<typeof EditFields>>>;

const ImageReference = Type.Object(
  { image_url: Type.String({ description: "A URL, or a data URL." }) },
  { title: "ImageReference" },
);
const File = (description: string) => Type.String({ format: "binary", description });

const described = (title: string, properties: Readonly<Record<string, TSchema>>, required: string[]) =>
  Type.Object({ ...properties, ...passedOver }, { title, requiredKeys: required });

/** The bodies as the description of the API has them. */
export const imageBodies = {
  generation: described("CreateImageRequest", GenerationFields.properties, ["prompt"]),
  editJson: described(
    "EditImageJson",
    {
      images: Type.Array(ImageReference, {
        description: "The picture to edit, and others that guide.",
        maxItems: 16,
      }),
      mask: ImageReference,
      ...EditFields.properties,
    },
    ["images", "prompt"],
  ),
  editForm: described(
    "EditImageForm",
    {
      image: File("The picture to edit. Several are image[]: the others guide."),
      mask: File("Transparent where the picture is to be painted anew."),
      ...EditFields.properties,
    },
    ["image", "prompt"],
  ),
};
