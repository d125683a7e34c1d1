import { type Savings, stepsWalked } from "#/sampling/fewer-steps.ts";
import type { Fact } from "./generate.ts";

/** Facts of a walk with another number of steps, told in those that were asked for. */
export async function* inStepsAsked<T>(
  walk: AsyncGenerator<Fact, T, undefined>,
  asked: Savings,
): AsyncGenerator<Fact, T, undefined> {
  const more = asked.steps / stepsWalked(asked);
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
