import type { Moment } from "#/engine/protocol.ts";
import type { ImageSpec, PromptTexts } from "#/recipe/recipe.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Side } from "../denoiser.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import { pauseOf } from "../pause.ts";
import { checkSections, checkText, type PromptField } from "../text/limits.ts";
import { whileTelling } from "../while-telling.ts";
import { encodeSections } from "./encode-sections.ts";
import {
  type Conditioning,
  type CutText,
  conditioningOf,
  cutText,
  joined,
  sectionsFor,
} from "./encode-text.ts";
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
 * Expands and encodes the texts of all images: all expansions, then all texts together; those seen before from the cache.
 * Images of the same texts have the same conditioning.
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
  const positives = images.map(({ positive: { texts, topK } }, image) => ({
    texts: [...texts, ...(expansions[image] === undefined ? [] : [expansions[image]])],
    topK,
  }));
  const guided = Math.abs(guidance.cfg - 1) >= 1e-4;
  const negatives = guided ? images.map(({ negative }) => negative) : [];
  const sides = [
    ...positives.map((texts): SideTexts => ({ ...texts, field: "prompt" })),
    ...negatives.map((texts): SideTexts => ({ ...texts, field: "negative_prompt" })),
  ];
  const conditioning = yield* telling({ stage: "encoding", image: 0, texts: "positive" }, (tell) =>
    encoded(job, sides, tell),
  );
  for (const [image] of positives.slice(1).entries())
    yield { type: "progress", at: { stage: "encoding", image: image + 1, texts: "positive" } };
  for (const [image] of negatives.entries())
    yield { type: "progress", at: { stage: "encoding", image, texts: "negative" } };
  return images.flatMap((_, image): Prompts[] => {
    const positive = conditioning[image];
    if (positive === undefined) return [];
    const negative = conditioning[images.length + image] ?? positive;
    return [{ positive, negative, expansion: expansions[image] }];
  });
}

/** One side's texts, and the field that they are from. */
type SideTexts = PromptTexts & Readonly<{ field: PromptField }>;

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

/** What sides are conditioned by; those of the same texts by the same. */
async function encoded(job: Job, sides: readonly SideTexts[], tell: Tell): Promise<readonly Conditioning[]> {
  const { networks, tokenizer, encodedTexts, run, clock } = job;
  const { textL, textG, textKey, vectors } = networks;
  const pause = pauseOf(run);
  for (const { texts, field } of sides) {
    for (const text of new Set(texts)) {
      checkText(text, field);
      await pause();
    }
    checkSections(texts, field, () => tokenizer, vectors);
  }
  return await clock.time("encoding", async () => {
    const cut = new Map<string, CutText>();
    for (const text of new Set(sides.flatMap(({ texts }) => texts)))
      cut.set(text, await cutText(text, { tokenizer, vectors }, pause));
    const all = [...cut.values()].flatMap(sectionsFor);
    const encoders = { textL, textG, textKey, known: encodedTexts };
    const read = await encodeSections(all, encoders, { pause, tell });
    const made = new Map<string, Conditioning>();
    return sides.map(({ texts, topK, field }) => {
      const key = JSON.stringify([texts, topK]);
      const parts = (): readonly Conditioning[] =>
        texts.flatMap((text) => {
          const known = cut.get(text);
          return known === undefined ? [] : [conditioningOf(known, read, field)];
        });
      const conditioning = made.get(key) ?? joined(parts(), topK);
      made.set(key, conditioning);
      return conditioning;
    });
  });
}
