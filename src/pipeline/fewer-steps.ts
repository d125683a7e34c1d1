import type { Recipe } from "#/recipe/recipe.ts";
import type { Fact } from "./generate.ts";

/** So many steps are walked always: schedules with fewer are made for few. */
const always = 8;

/** The part of the others that is left out at the field's highest value. */
const mostLeftOut = 0.7;

/**
 * The steps that a recipe's images are walked in: fewer than were asked for where it saves network runs. They have their schedule's
 * own levels for that number. Holding whole answers over steps of the longer table was measured, and is further from its
 * picture: samplers that look back at what was found take an answer that was held for a new one.
 */
export const stepsWalked = ({ steps, cache = 0 }: Pick<Recipe, "steps" | "cache">): number =>
  steps - Math.floor(cache * mostLeftOut * Math.max(0, steps - always));

/** The step that stands for one of those asked for; another model that draws a step draws one still. */
export const stepWalked = (at: number, recipe: Pick<Recipe, "steps" | "cache">): number =>
  Math.max(Math.min(at, 1), Math.floor((at * stepsWalked(recipe)) / recipe.steps));

/** Facts of a walk with another number of steps, told in those that were asked for. */
export async function* inStepsAsked<T>(
  walk: AsyncGenerator<Fact, T, undefined>,
  recipe: Pick<Recipe, "steps" | "cache">,
): AsyncGenerator<Fact, T, undefined> {
  const more = recipe.steps / stepsWalked(recipe);
  for (;;) {
    const next = await walk.next();
    if (next.done === true) return next.value;
    yield told(next.value, more);
  }
}

function told(fact: Fact, more: number): Fact {
  if (fact.type !== "progress" || fact.at.stage !== "denoising") return fact;
  const { step, steps } = fact.at;
  return { ...fact, at: { ...fact.at, step: Math.round(step * more), steps: Math.round(steps * more) } };
}
