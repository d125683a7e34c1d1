import { inUnits } from "#/lib/in-units.ts";
import { type CardPlan, planCard } from "./plan.ts";
import { usualJobs } from "./usual-jobs.ts";

/** A plan in a sentence, for people. */
export function planText(plan: CardPlan): string {
  if (!plan.fits) {
    const names = plan.loads.map(({ name }) => name);
    const want = names.length === 1 ? "wants" : "want";
    return `does not fit: ${names.join(" and ")} ${want} a card of ${inUnits(plan.needed)}`;
  }
  const ways = new Set(plan.stages.map(({ way }) => way));
  const leaves = [...new Set(plan.stages.flatMap(({ loads }) => loads))]
    .filter(({ key }) => !plan.stays.has(key))
    .map(({ name }) => name);
  return [
    ways.has("apart")
      ? "both sides of the guidance one after the other"
      : "both sides of the guidance in one run",
    ways.has("strips") ? "the VAE strip by strip" : "the VAE in one piece",
    leaves.length === 0
      ? "everything stays on the card"
      : `${[...new Set(leaves)].join(", ")} leave it between stages`,
  ].join("; ");
}

/**
 * What runs how on a card, job by job.
 *
 * @param card bytes of its memory
 */
export const plansFor = (card: number): readonly Readonly<{ job: string; text: string; fits: boolean }>[] =>
  usualJobs.map(({ job, stages }) => {
    const plan = planCard(card, stages);
    return { job, text: planText(plan), fits: plan.fits };
  });
