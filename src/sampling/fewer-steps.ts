/** How many steps were asked for, and how readily network runs are left out, from 0 to 1. */
export type Savings = Readonly<{ steps: number; cache?: number }>;

/** So many steps are walked always: schedules with fewer are made for few. */
const always = 8;

/** The part of the others that is left out at the field's highest value. */
const mostLeftOut = 0.7;

/**
 * The steps that a recipe's images are walked in: fewer than were asked for where it saves network runs. They have their schedule's
 * own levels for that number. Holding whole answers over steps of the longer table was measured, and is further from its
 * picture: samplers that look back at what was found take an answer that was held for a new one.
 */
export const stepsWalked = ({ steps, cache = 0 }: Savings): number =>
  steps - Math.floor(cache * mostLeftOut * Math.max(0, steps - always));

/** The step that stands for one of those asked for; another model that draws a step draws one still. */
export const stepWalked = (at: number, asked: Savings): number =>
  Math.max(Math.min(at, 1), Math.floor((at * stepsWalked(asked)) / asked.steps));
