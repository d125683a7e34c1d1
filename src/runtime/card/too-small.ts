import type { CardPlan } from "#/card/plan.ts";
import { EngineError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";

/** The error for a job that a card has no room for. */
export function tooSmall(
  { stage, needed, loads }: Extract<CardPlan, { fits: false }>,
  card: number,
): EngineError {
  const names = loads.map(({ name }) => name).join(" and ");
  return new EngineError(
    "out-of-memory",
    `The task needs a card of ${inUnits(needed)} for ${names}, and this one has ${inUnits(card)}. Ask for a smaller picture, choose ` +
      "a smaller model or fewer ControlNets, or set providers to cpu.",
    { stage, needed, card, setting: "gpu_memory" },
  );
}
