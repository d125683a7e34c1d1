import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { InvalidRequest, locOf } from "./issues.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** The form of recipes. Raise it when one of the new form means something else to a reader of the old one. */
export const recipeForm = 1;

/** Characters of one text. */
const longestText = 250_000;

/** Characters of all texts of one image's side. */
const mostCharacters = 2_000_000;

const text = (description: string) => Type.String({ maxLength: longestText, description });
const sha256 = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "SHA-256 in 64 lower-case hexadecimal digits.",
});
const any = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description });

/** What pictures' metadata say of their texts. */
const WrittenTexts = Type.Object(
  {
    prompt: text("With its wildcards filled in."),
    negative_prompt: text("With its wildcards filled in."),
    styles: Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 1000 }),
    expansion: Type.Optional(text("What the prompt was expanded to, where that was seen.")),
  },
  { title: "RecipeTexts" },
);

const RecipeFile = Type.Object(
  {
    kind: Type.String({ maxLength: 100, description: "Its folder below the models folder." }),
    name: Type.String({ maxLength: 4096, description: "Its name there." }),
    sha256,
  },
  { title: "RecipeFile" },
);

const RecipeInput = Type.Object(
  {
    name: Type.String({ pattern: "^[0-9a-f]{64}\\.png$", description: "Its name in the inputs folder." }),
    sha256,
    data: Type.Optional(Type.String({ description: "The file in base64; with inputs=embed." })),
  },
  { title: "RecipeInput" },
);

const RecipePicture = Type.Object(
  { url: Type.String(), seed: Type.Union([Type.Integer(), Type.Null()]), sha256 },
  { title: "RecipePicture" },
);

/** Everything that the pictures of a task were made from. */
export const RecipeDocument = Type.Object(
  {
    fooocusd_recipe: Type.Integer({ minimum: 1, description: "The form of this document." }),
    program: Type.Object({
      version: Type.String({ maxLength: 100 }),
      device: Type.String({ maxLength: 100, description: "What the networks ran on." }),
    }),
    request: any("The request, every field said; the body of POST /v1/engine/generate/."),
    settings: Type.Object({
      metadata: Type.Boolean({ description: "Whether the server wrote metadata into pictures." }),
      created_by: Type.String({ maxLength: 1000 }),
      adaptive_cfg: Type.Number({ minimum: -1000, maximum: 1000 }),
    }),
    recipe: any(
      "What it was resolved to: seeds, sizes, steps, texts as they are encoded, files by their names.",
    ),
    texts: Type.Array(WrittenTexts, { maxItems: 1000 }),
    pass_texts: Type.Array(Type.Array(WrittenTexts, { maxItems: 100 }), { maxItems: 1000 }),
    files: Type.Array(RecipeFile, { maxItems: 200 }),
    inputs: Type.Array(RecipeInput, { maxItems: 20 }),
    pictures: Type.Optional(Type.Array(RecipePicture, { description: "What came of it." })),
  },
  { title: "RecipeDocument" },
);
export type RecipeDocument = Readonly<Static<typeof RecipeDocument>>;

const EncodedTexts = Type.Object({
  texts: Type.Array(Type.String({ maxLength: longestText }), { minItems: 1, maxItems: 1000 }),
  topK: Type.Integer({ minimum: 1, maximum: 1000 }),
});

/** The part of a recipe that an image's texts are. */
const ImageTexts = Type.Object({
  positive: EncodedTexts,
  negative: EncodedTexts,
  expand: Type.Optional(Type.String({ maxLength: longestText })),
});

/** The parts of a recipe that are taken from it; everything else is resolved anew and compared. */
const TakenParts = Type.Object({
  noise: Type.Union([Type.Literal("gpu"), Type.Literal("cpu")], { description: "gpu or cpu" }),
  images: Type.Array(ImageTexts, { maxItems: 1000 }),
  enhance: Type.Optional(
    Type.Object({
      pictures: Type.Array(
        Type.Object({
          passes: Type.Array(
            Type.Object({ run: Type.Object({ images: Type.Array(ImageTexts, { maxItems: 1 }) }) }),
            { maxItems: 100 },
          ),
        }),
        { maxItems: 1000 },
      ),
    }),
  ),
});

/** Texts of an image as they are encoded. */
export type ImageTexts = Readonly<Static<typeof ImageTexts>>;

/** A recipe that was posted, and what is taken from it as it is. */
export type PostedRecipe = Readonly<{ document: RecipeDocument; taken: Readonly<Static<typeof TakenParts>> }>;

/**
 * A body as a recipe: held to its form in every value that is used.
 *
 * @throws InvalidRequest, also for a form that a newer program writes
 */
export function readRecipe(body: Json): PostedRecipe {
  if (!isJsonObject(body))
    throw wrong([], "A recipe is an object, as GET /tasks/{task_id}/recipe answers it.", null);
  const form = body["fooocusd_recipe"];
  if (typeof form === "number" && form > recipeForm) {
    const said = `This recipe has the form ${form}, which a newer fooocusd wrote; this one reads forms up to ${recipeForm}. Post it to that version, or to one that is newer.`;
    throw wrong(["fooocusd_recipe"], said, form);
  }
  // What came of it elsewhere says nothing of what is to be made.
  const { pictures: _, ...said } = body;
  const document = checked(RecipeDocument, said, []) as unknown as RecipeDocument;
  const taken = checked(TakenParts, body["recipe"] ?? null, ["recipe"]) as unknown as PostedRecipe["taken"];
  const runs = (taken.enhance?.pictures ?? []).flatMap(({ passes }) =>
    passes.flatMap(({ run }) => run.images),
  );
  for (const image of [...taken.images, ...runs])
    for (const side of [image.positive, image.negative]) checkSide(side);
  return { document, taken };
}

function checked(schema: TSchema, value: Json, at: readonly string[]): Json {
  const problem = Value.Errors(schema, value).First();
  if (problem === undefined) return value;
  const path = problem.path
    .slice(1)
    .split("/")
    .filter((part) => part !== "");
  const wants = problem.schema.description ?? problem.message;
  throw wrong([...at, ...path], `A recipe has something else here: ${wants}`, shown(problem.value));
}

function checkSide({ texts, topK }: ImageTexts["positive"]): void {
  const characters = texts.reduce((sum, one) => sum + one.length, 0);
  if (characters > mostCharacters)
    throw wrong(
      ["recipe", "images"],
      `The texts of a side have ${characters} characters; ${mostCharacters} is the limit.`,
      null,
    );
  if (topK > texts.length)
    throw wrong(
      ["recipe", "images"],
      `topK counts texts: it is ${topK}, and there are ${texts.length}.`,
      topK,
    );
}

const wrong = (path: readonly string[], msg: string, input: Json): InvalidRequest =>
  new InvalidRequest([{ type: "recipe", loc: ["body", ...path.map(locOf)], msg, input }]);

const shown = (value: unknown): Json =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;

/** A recipe's request is one as it is posted. */
export const requestOf = ({ document }: PostedRecipe): JsonObject => document.request as JsonObject;
