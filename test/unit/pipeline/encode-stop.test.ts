import { expect, test } from "bun:test";
import { Interruption, Run } from "#/pipeline/run.ts";
import { encodePrompts } from "#/pipeline/stages/encode-prompts.ts";
import { createTokenizer, type Tokenizer } from "#/pipeline/text/tokenizer.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { TextTokens } from "#/runtime/text-encoders.ts";
import { zeros } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../support/small-recipe.ts";
import { stubJob } from "../../support/stub-job.ts";

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
  const encoder = async (...sections: readonly TextTokens[]) => {
    runs += 1;
    busy(run);
    return { hidden: zeros([sections.length, 77, 4]), pooled: zeros([sections.length, 4]) };
  };
  const job = new Run();
  setImmediate(() => job.interrupt("stop"));
  const answers = { textL: encoder, textG: encoder };
  const stage = encodePrompts(stubJob(answers, { recipe: recipeOf(text), tokenizer, run: job }));
  let action: string | undefined;
  try {
    for (let next = await stage.next(); next.done !== true; next = await stage.next());
  } catch (thrown) {
    if (!(thrown instanceof Interruption)) throw thrown;
    action = thrown.action;
  }
  return { action, runs };
}

test("a stop was not heard before the last section: now it is heard between two calls", async () => {
  const { action, runs } = await stoppedWhileEncoding(
    Array.from({ length: 75 * 100 }, (_, at) => String.fromCharCode(97 + (at % 23))).join(" "),
    createTokenizer(),
    15,
  );
  expect(action).toBe("stop");
  expect(runs).toBeLessThan(5);
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
