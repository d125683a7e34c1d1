import type { EngineContext } from "#/pipeline/context.ts";
import type { Job } from "#/pipeline/job.ts";
import { NetworkRuns } from "#/pipeline/network-runs.ts";
import { Run } from "#/pipeline/run.ts";
import { Stopwatch } from "#/pipeline/stopwatch.ts";
import { createGpt2Tokenizer } from "#/pipeline/text/gpt2-tokenizer.ts";
import type { Networks } from "#/runtime/models.ts";
import { smallRecipe } from "./small-recipe.ts";

const never = async (): Promise<never> => {
  throw new Error("this network is not asked");
};

const noStrips: Networks["decodeByStrips"] = () => {
  throw new Error("no network is walked through");
};

/** No text was encoded before. */
const noTexts = { known: () => undefined, keep: () => undefined };

/** Texts are told a network as they are. */
export const asTheyAre: Networks["tellTexts"] = async (contexts) => contexts.map((context) => ({ context }));

/** Networks of an ordinary checkpoint of which only those that are given may be asked. */
export const stubNetworks = (answers: Partial<Networks>): Networks => ({
  prediction: "eps",
  schedule: "scaled-linear",
  textKey: "",
  vectors: new Map(),
  language: () => {
    throw new Error("no language model is asked");
  },
  textL: never,
  textG: never,
  unet: never,
  tellTexts: asTheyAre,
  controlNets: [],
  imagePrompts: [],
  inpaintHead: never,
  safety: never,
  refiner: undefined,
  decode: never,
  encode: never,
  preview: never,
  decodeByStrips: noStrips,
  encodeByStrips: noStrips,
  upscaler: () => {
    throw new Error("no upscaler is asked");
  },
  faces: never,
  ask: never,
  ...answers,
});

/** A job of the small recipe without pictures, whose texts are encoded anew each time; stages are tried with it. */
export const stubJob = (answers: Partial<Networks>, given: Partial<Job> = {}): Job => ({
  recipe: smallRecipe,
  inputs: [],
  networks: stubNetworks(answers),
  tokenizer: () => [],
  encodedTexts: noTexts,
  expansionWords: () => ({ tokenizer: createGpt2Tokenizer(""), candidates: [] }),
  run: new Run(),
  clock: new Stopwatch(),
  runs: new NetworkRuns(),
  ...given,
});

/** An engine whose jobs all have these networks. */
export const stubContext = (networks: Networks): EngineContext => ({
  device: "cpu",
  refused: [],
  missed: [],
  tokenizer: () => [],
  encodedTexts: noTexts,
  expansionWords: () => ({ tokenizer: createGpt2Tokenizer(""), candidates: [] }),
  open: async () => networks,
  settled: async function* () {
    yield* [];
    return "full";
  },
  modelText: () => "",
  captioner: async () => {
    throw new Error("nothing is captioned");
  },
  detector: async () => {
    throw new Error("nothing is detected");
  },
  segmenter: async () => {
    throw new Error("nothing is outlined");
  },
  foreign: () => {
    throw new Error("no foreign network is asked");
  },
  endJob: async () => undefined,
  unload: async () => undefined,
  close: async () => undefined,
});
