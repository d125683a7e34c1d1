import type { ImageSpec, PromptTexts, Recipe } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import type { EngineContext } from "../context.ts";
import type { Fact } from "../generate.ts";
import type { Run } from "../run.ts";
import type { Stopwatch } from "../stopwatch.ts";
import { type Conditioning, encodeText, encodeTexts } from "./encode-text.ts";

/** Both sides of an image's guidance; at CFG 1 the negative one is never asked. */
export type Prompts = Readonly<{ positive: Conditioning; negative: Conditioning }>;

/** Encodes an image's texts, those seen before from the cache. */
export async function* encodePrompts(
  recipe: Recipe,
  spec: ImageSpec,
  image: number,
  networks: Networks,
  context: EngineContext,
  run: Run,
  clock: Stopwatch,
): AsyncGenerator<Fact, Prompts, undefined> {
  const { tokenizer } = context;
  const { textL, textG, textKey } = networks;
  const cached = (text: string): Promise<Conditioning> => {
    run.checkStop();
    return context.conditioning(`${textKey}|${text}`, () => encodeText(text, { tokenizer, textL, textG }));
  };
  const encode = ({ texts, topK }: PromptTexts): Promise<Conditioning> =>
    clock.time("encoding", () => encodeTexts(texts, topK, cached));

  yield { type: "progress", at: { stage: "encoding", image, texts: "positive" } };
  const positive = await encode(spec.positive);
  if (Math.abs(recipe.guidance.cfg - 1) < 1e-4) return { positive, negative: positive };
  yield { type: "progress", at: { stage: "encoding", image, texts: "negative" } };
  return { positive, negative: await encode(spec.negative) };
}
