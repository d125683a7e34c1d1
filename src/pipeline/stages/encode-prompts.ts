import type { PromptTexts } from "#/recipe/recipe.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import type { Run } from "../run.ts";
import { checkSections, checkText, type PromptField } from "../text/limits.ts";
import { type Conditioning, encodeText, encodeTexts, type Pause } from "./encode-text.ts";

/** Both sides of an image's guidance; at CFG 1 the negative one is never asked. */
export type Prompts = Readonly<{ positive: Conditioning; negative: Conditioning }>;

/** Encodes the texts of all images, first the positive ones, then the negative; those seen before from the cache. */
export async function* encodePrompts(job: Job): AsyncGenerator<Fact, readonly Prompts[], undefined> {
  const { recipe, networks, tokenizer, conditioning, run, clock } = job;
  const pause = pauseOf(run);
  const { textL, textG, textKey } = networks;
  const look = async (texts: readonly string[], field: PromptField): Promise<void> => {
    for (const text of new Set(texts)) {
      checkText(text, field);
      await pause();
    }
    checkSections(texts, field, () => tokenizer);
  };
  const encode = async ({ texts, topK }: PromptTexts, field: PromptField): Promise<Conditioning> => {
    const cached = (text: string): Promise<Conditioning> => {
      run.checkStop();
      const make = () => encodeText(text, { tokenizer, textL, textG }, field, pause);
      return conditioning(`${textKey}|${text}`, make);
    };
    await look(texts, field);
    return clock.time("encoding", () => encodeTexts(texts, topK, cached));
  };

  const positives: Conditioning[] = [];
  for (const [image, { positive }] of recipe.images.entries()) {
    yield { type: "progress", at: { stage: "encoding", image, texts: "positive" } };
    positives.push(await encode(positive, "prompt"));
  }
  const guided = Math.abs(recipe.guidance.cfg - 1) >= 1e-4;
  const prompts: Prompts[] = [];
  for (const [image, { negative }] of recipe.images.entries()) {
    const positive = positives[image];
    if (positive === undefined) continue;
    if (guided) yield { type: "progress", at: { stage: "encoding", image, texts: "negative" } };
    prompts.push({ positive, negative: guided ? await encode(negative, "negative_prompt") : positive });
  }
  return prompts;
}

/** Milliseconds after which whoever waits for this thread gets a turn: a stop among them. */
const turn = 20;

/**
 * A look at whether the job is to stop. A message is only heard when the event loop turns, which an `await` of what is
 * done already does not bring about.
 */
function pauseOf(run: Run): Pause {
  let since = performance.now();
  return () => {
    run.checkStop();
    if (performance.now() - since < turn) return undefined;
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      since = performance.now();
      run.checkStop();
    });
  };
}
