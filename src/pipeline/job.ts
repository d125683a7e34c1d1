import type { Pixmap } from "#/image/pixmap.ts";
import type { Precision } from "#/lib/devices.ts";
import { BugError } from "#/lib/errors.ts";
import type { ImageSpec, Recipe } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import type { EngineContext } from "./context.ts";
import type { Guide } from "./controls/guide.ts";
import type { Fact } from "./generate.ts";
import { NetworkRuns } from "./network-runs.ts";
import type { Run } from "./run.ts";
import type { LatentBeginning } from "./sources/beginning.ts";
import { needsTexts } from "./sources/needs-texts.ts";
import type { Prompts } from "./stages/encode-prompts.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What is to be made, and the pictures it is made of: `inputs[i]` is the one that `recipe.inputs[i]` names. */
export type Order = Readonly<{ recipe: Recipe; inputs: readonly Pixmap[] }>;

/** All that belongs to one job; made once, and handed to every stage. */
export type Job = Order &
  Pick<EngineContext, "tokenizer" | "encodedTexts" | "expansionWords"> &
  Readonly<{ networks: Networks; run: Run; clock: Stopwatch; runs: NetworkRuns }>;

/**
 * One image of a job: its place in the recipe, its seed and texts, these as the UNet is told them, and what it starts from,
 * as all others do.
 */
export type ImageJob = Readonly<{
  job: Job;
  index: number;
  spec: ImageSpec;
  prompts: Prompts;
  beginning: LatentBeginning;
  /** What guides it, as all others; absent where nothing does. */
  guides?: readonly Guide[];
}>;

/**
 * In which precision an order is drawn, with what it needs made.
 *
 * @throws Interruption where it was stopped meanwhile
 */
export async function* precisionOf(
  { recipe }: Order,
  context: EngineContext,
  run: Run,
): AsyncGenerator<Fact, Precision, undefined> {
  if (recipe.precision === "full" || !needsTexts(recipe)) return "full";
  return yield* context.settled(recipe, () => run.checkStop());
}

/**
 * Makes the job of an order: its networks, which open at their first call, and a clock of its own.
 *
 * @throws ModelError if a file is not what it should be, RequestError `missing-model` if it is gone
 */
export async function openJob(
  order: Order,
  context: EngineContext,
  run: Run,
  precision: Precision = "full",
): Promise<Job> {
  const { recipe, inputs } = order;
  if (inputs.length !== recipe.inputs.length)
    throw new BugError(`A recipe names ${recipe.inputs.length} pictures and came with ${inputs.length}.`);
  const { tokenizer, encodedTexts, expansionWords } = context;
  const clock = new Stopwatch();
  const networks = await clock.time("loading", () => context.open(recipe, precision));
  return {
    recipe,
    inputs,
    networks,
    tokenizer,
    encodedTexts,
    expansionWords,
    run,
    clock,
    runs: new NetworkRuns(),
  };
}
