import { expect, test } from "bun:test";
import type { EngineContext } from "#/pipeline/context.ts";
import { Interruption, Run } from "#/pipeline/run.ts";
import { encodePrompts } from "#/pipeline/stages/encode-prompts.ts";
import { Stopwatch } from "#/pipeline/stopwatch.ts";
import { createTokenizer, type Tokenizer } from "#/pipeline/text/tokenizer.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import { zeros } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

const recipeOf = (text: string): Recipe => ({
  ...smallRecipe,
  images: smallRecipe.images.map((image) => ({ ...image, positive: { texts: [text], topK: 1 } })),
});

/** Keeps the thread for so long, as a native run does: no message is heard meanwhile. */
function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Encodes a text; the stop comes as a message does, in a later turn of the event loop. */
async function stoppedWhileEncoding(text: string, tokenizer: Tokenizer, run = 0) {
  let runs = 0;
  const encoder = async () => {
    runs += 1;
    busy(run);
    return { hidden: zeros([1, 77, 4]), pooled: zeros([1, 4]) };
  };
  const never = async (): Promise<never> => {
    throw new Error("only the text encoders are asked");
  };
  const networks: Networks = {
    prediction: "eps",
    schedule: "scaled-linear",
    textKey: "",
    textL: encoder,
    textG: encoder,
    unet: never,
    decode: never,
    encode: never,
    ask: never,
  };
  const context: EngineContext = {
    device: "cpu",
    refused: [],
    tokenizer,
    open: never,
    endJob: never,
    conditioning: (_key, make) => make(),
    unload: async () => undefined,
    close: async () => undefined,
  };
  const job = new Run();
  setImmediate(() => job.interrupt("stop"));
  const stage = encodePrompts(recipeOf(text), networks, context, job, new Stopwatch());
  let action: string | undefined;
  try {
    for (let next = await stage.next(); next.done !== true; next = await stage.next());
  } catch (thrown) {
    if (!(thrown instanceof Interruption)) throw thrown;
    action = thrown.action;
  }
  return { action, runs };
}

test("a stop was not heard before the last section: now it is heard between two", async () => {
  const { action, runs } = await stoppedWhileEncoding("a ".repeat(75 * 100), createTokenizer(), 15);
  expect(action).toBe("stop");
  expect(runs).toBeLessThan(20);
});

test("a stop was not heard before the last word: now it is heard between two", async () => {
  let words = 0;
  const slow: Tokenizer = () => {
    words += 1;
    busy(1);
    return [320];
  };
  const { action, runs } = await stoppedWhileEncoding("a ".repeat(2000), slow);
  expect([action, runs]).toEqual(["stop", 0]);
  expect(words).toBeLessThan(200);
});
