import type { GenerateParams } from "#/api/generate.ts";
import { isNothing } from "#/lib/nothing.ts";
import type { Sampler } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";
import { ownWayOf } from "#/sampling/schedules.ts";
import { soleModel } from "#/sampling/sole-model.ts";
import { levelsLeftOut, stepsMade } from "#/sampling/steps-made.ts";
import { modeOf } from "./performance.ts";
import type { Recipe } from "./recipe.ts";

/** What decides how many steps are made. */
type RunOf = Pick<Recipe, "sampler" | "schedule" | "steps" | "source">;

/** None where nothing is diffused. */
const madeOf = ({ source, ...run }: RunOf): number =>
  run.steps === 0 ? 0 : stepsMade({ ...run, denoise: "strength" in source ? source.strength : 1 });

/** Says that the schedule makes fewer steps than were asked for, or stops far above its end, and how many it can make. */
export function stepsWarning(run: RunOf): string | undefined {
  const { sampler, schedule, steps } = run;
  if (steps === 0) return undefined;
  const made = madeOf(run);
  if ("strength" in run.source) return startWarning(run, run.source.strength, made);
  if (made < steps)
    return `${schedule} with ${sampler} makes 1 to ${made} steps: ${made} are made where ${steps} were asked for.`;
  const { leftOut, whole } = levelsLeftOut(run);
  if (leftOut <= whole * mostLeftOut) return undefined;
  const counts = wholeCountsAround(run).join(" or ");
  return `${schedule} makes no run of ${steps} steps to its end: of its ${whole} the last ${leftOut} are left out, as in Fooocus, and details with them. It makes ${counts}.`;
}

/** The part of a schedule's levels whose absence shows. */
const mostLeftOut = 0.1;

/** The numbers of steps next to a run's, below and above, with which its schedule leaves out one level at most. */
function wholeCountsAround({ steps, ...run }: RunOf): readonly number[] {
  const isWhole = (count: number): boolean =>
    stepsMade({ ...run, steps: count }) === count && levelsLeftOut({ ...run, steps: count }).leftOut <= 1;
  const found: number[] = [];
  for (let count = steps - 1; count > 0 && found.length === 0; count -= 1)
    if (isWhole(count)) found.push(count);
  for (let count = steps + 1; count <= mostSteps; count += 1) {
    if (!isWhole(count)) continue;
    found.push(count);
    break;
  }
  return found;
}

/** As many steps as a network has timesteps; no request has more. */
const mostSteps = 1000;

/**
 * Says that a schedule with few levels cannot start as late as the strength says, in so many steps: with all of its levels the
 * picture that is started from is lost.
 */
function startWarning(
  { sampler, schedule, steps }: RunOf,
  strength: number,
  made: number,
): string | undefined {
  const wanted = Math.trunc(steps / strength);
  const levels = stepsMade({ sampler, schedule, steps: wanted });
  if (levels >= wanted) return undefined;
  const like = (made / levels).toFixed(2);
  const most = Math.max(1, Math.floor(levels * strength));
  return `${schedule} with ${sampler} makes ${levels} steps in all: the last ${made} of them are made where ${steps} were asked for, as if the strength was ${like}. Ask for ${most} or fewer (overwrite_step), or for another scheduler_name.`;
}

/** Says that a sampler does not heed the mask of what is painted anew until the end. */
export function pastMaskWarning({ sampler, source }: Pick<Recipe, "sampler" | "source">): string | undefined {
  const walk: Sampler = samplers[sampler];
  if (source.kind !== "inpaint" || walk.asksPastMask !== true) return undefined;
  return `${sampler} paints without looking at what is around the hole, as in Fooocus: that is only put back at the end. Another sampler_name fits what is new into the picture.`;
}

/** Says that the run ends before the refiner takes over: `overwrite_step` shortens the run and does not move the switch. */
export function refinerWarning({ refiner, ...run }: RunOf & Pick<Recipe, "refiner">): string | undefined {
  const name = refiner?.name ?? null;
  if (refiner === null || name === null) return undefined;
  if (run.steps === 0) return undefined;
  const made = madeOf(run);
  if (refiner.at < made) return undefined;
  return `The refiner ${name} draws no step: it takes over at step ${refiner.at}, and ${made} are made. Ask for more steps, for an earlier switch (overwrite_switch), or for no refiner.`;
}

/** Says that a performance mode has no refiner, where the request names one. */
export function leftOutRefiner(
  { refiner_model_name: name, performance_selection }: RefinerAsked,
  base: string,
): string | undefined {
  if (isNothing(name) || name === base || modeOf({ performance_selection }).distilled === undefined)
    return undefined;
  return `The refiner ${name} is left out: ${performance_selection} has none, as in Fooocus. Speed and Quality take one.`;
}

type RefinerAsked = Pick<GenerateParams, "refiner_model_name" | "performance_selection">;

/** What a network answers with, as its file or the file beside it says. */
export type Answers = "eps" | "v" | "edm" | "edm-v";

const answerNames: Readonly<Record<Answers, string>> = {
  eps: "predicts noise",
  v: "predicts v",
  edm: "is asked in Playground 2.5's way",
  "edm-v": "is asked in CosXL's way",
};

/**
 * Says that the schedule has the network asked in another way than the one it was trained for. Three schedules bring their
 * own, as Fooocus' do, whatever the checkpoint is; the pictures are then wrong in a way that looks like a bad model.
 *
 * @param recipe without a schedule where only its files matter
 * @returns a sentence, or none
 */
export function askedOtherwise(
  { base, schedule }: Pick<Recipe, "base"> & Partial<Pick<Recipe, "schedule">>,
  answers: Answers,
): readonly string[] {
  const way = schedule === undefined ? undefined : wayOf(schedule);
  if (way === undefined || way === answers) return [];
  const said =
    way === "eps"
      ? "as if it predicted noise"
      : "as Playground 2.5 is; if it is that, a JSON file beside it can say so (prediction_type: edm)";
  return [
    `${base} ${answerNames[answers]}, but the schedule ${schedule} asks it ${said}: its pictures will be wrong. Choose another scheduler_name or performance_selection.`,
  ];
}

/**
 * Says that a refiner reads latents scaled otherwise than those of the run that goes on: only the method `vae` hands over
 * a latent without noise, which can be scaled anew.
 *
 * @param answers of the base model and of the refiner
 */
export function scaledOtherwise(
  { refiner, schedule }: Partial<Pick<Recipe, "refiner" | "schedule">>,
  answers: Readonly<{ base: Answers; refiner: Answers }>,
): readonly string[] {
  const name = refiner?.name ?? null;
  if (name === null || refiner?.swap === "vae") return [];
  if (schedule !== undefined && wayOf(schedule) !== undefined) return [];
  if ((answers.base === "edm") === (answers.refiner === "edm")) return [];
  return [
    `The latents of Playground 2.5 are scaled otherwise than SDXL's, and ${name} is handed the others, noise and all: its pictures will be wrong. Set refiner_swap_method to vae.`,
  ];
}

/**
 * Says which of two models draws alone, where the refiner is Stable Diffusion 1.x and too little of the schedule is walked for
 * both: their latents are others.
 *
 * @param recipe without what only its files matter for
 */
export function drawnAlone({
  base,
  refiner,
  source,
  steps = 0,
}: Pick<Recipe, "base"> & Partial<RunOf & Pick<Recipe, "refiner">>): readonly string[] {
  const name = refiner?.name ?? null;
  if (name === null || refiner === null || refiner === undefined || steps === 0) return [];
  if (source === undefined || !("strength" in source)) return [];
  const sole = soleModel({ steps, at: refiner.at, denoise: source.strength });
  if (sole === undefined) return [];
  const [drawing, idle] = sole === "first" ? [base, name] : [name, base];
  return [
    `${drawing} draws alone, and ${idle} has no part, as in Fooocus: ${name} is Stable Diffusion 1.x, whose latents are others, and a strength of ${source.strength} leaves no room for a change between them.`,
  ];
}

/** What a schedule takes every network to answer with; undefined where it leaves that to the network's file. */
function wayOf(schedule: Recipe["schedule"]): "eps" | "edm" | undefined {
  const own = ownWayOf(schedule);
  return own === "lcm" || own === "tcd" ? "eps" : own;
}
