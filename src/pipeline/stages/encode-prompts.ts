import type { Moment } from "#/engine/protocol.ts";
import type { ImageSpec, PromptTexts } from "#/recipe/recipe.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Side } from "../denoiser.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import { pauseOf } from "../pause.ts";
import { checkSections, checkText, type PromptField } from "../text/limits.ts";
import { whileTelling } from "../while-telling.ts";
import { type Conditioning, encodeText, encodeTexts } from "./encode-text.ts";
import { expandPrompt } from "./expand-prompt.ts";

/** Both sides of an image's guidance; at CFG 1 the negative one is never asked. */
export type Prompts = Readonly<{
  positive: Conditioning;
  negative: Conditioning;
  /** What was encoded behind the positive texts. */
  expansion?: string | undefined;
}>;

/** The rows of text of both sides. */
export const contextsOf = ({ positive, negative }: Prompts): Readonly<Record<Side, Tensor>> => ({
  positive: positive.context,
  negative: negative.context,
});

type EncodingMoment = Extract<Moment, { stage: "encoding" }>;
type Tell = (part: number, parts: number) => void;

/**
 * Expands and encodes the texts of all images: all expansions, then the positive texts, then the negative; those seen before
 * from the cache.
 */
export async function* encodePrompts(job: Job): AsyncGenerator<Fact, readonly Prompts[], undefined> {
  const { images, guidance } = job.recipe;
  const expansions: (string | undefined)[] = [];
  for (const [image, spec] of images.entries())
    expansions.push(
      spec.expand === undefined
        ? undefined
        : yield* telling({ stage: "encoding", image, texts: "expansion" }, (tell) =>
            expanded(job, spec, tell),
          ),
    );
  const positives: Conditioning[] = [];
  for (const [image, { positive }] of images.entries()) {
    const texts = [...positive.texts, ...(expansions[image] === undefined ? [] : [expansions[image]])];
    positives.push(
      yield* telling({ stage: "encoding", image, texts: "positive" }, (tell) =>
        encoded(job, { ...positive, texts }, "prompt", tell),
      ),
    );
  }
  const guided = Math.abs(guidance.cfg - 1) >= 1e-4;
  const prompts: Prompts[] = [];
  for (const [image, { negative }] of images.entries()) {
    const positive = positives[image];
    if (positive === undefined) continue;
    const against = guided
      ? yield* telling({ stage: "encoding", image, texts: "negative" }, (tell) =>
          encoded(job, negative, "negative_prompt", tell),
        )
      : positive;
    prompts.push({ positive, negative: against, expansion: expansions[image] });
  }
  return prompts;
}

/** Tells that something begins, and then each part of it that is done where it has several. */
async function* telling<Done>(
  at: EncodingMoment,
  work: (tell: Tell) => Promise<Done>,
): AsyncGenerator<Fact, Done, undefined> {
  yield { type: "progress", at };
  return yield* whileTelling<Fact, Done>((tell) =>
    work((part, parts) => {
      if (parts > 1) tell({ type: "progress", at: { ...at, part, parts } });
    }),
  );
}

async function expanded(job: Job, { expand = "", seed }: ImageSpec, tell: Tell): Promise<string> {
  const expander = { model: job.networks.language(), words: job.expansionWords() };
  job.run.checkStop();
  return await job.clock.time("encoding", () =>
    expandPrompt(expand, seed, expander, { pause: pauseOf(job.run), tell }),
  );
}

async function encoded(
  job: Job,
  { texts, topK }: PromptTexts,
  field: PromptField,
  tell: Tell,
): Promise<Conditioning> {
  const { networks, tokenizer, conditioning, run, clock } = job;
  const { textL, textG, textKey, vectors } = networks;
  const pause = pauseOf(run);
  for (const text of new Set(texts)) {
    checkText(text, field);
    await pause();
  }
  checkSections(texts, field, () => tokenizer, vectors);
  const cached = (text: string): Promise<Conditioning> => {
    run.checkStop();
    const make = () => encodeText(text, { tokenizer, vectors, textL, textG }, field, { pause, tell });
    return conditioning(`${textKey}|${text}`, make);
  };
  return await clock.time("encoding", () => encodeTexts(texts, topK, cached));
}
