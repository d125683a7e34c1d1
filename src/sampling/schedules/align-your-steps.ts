import { linspace, type Schedule } from "./schedule.ts";

/** SDXL's optimised levels for ten steps (Sabour et al. 2024, table of published schedules). */
const levels = [
  14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289,
  0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582,
];

/** Published levels, log-linearly interpolated to other numbers of steps. */
export const alignYourSteps: Schedule = (_model, steps) => {
  const last = levels.length - 1;
  return linspace(0, last, steps + 1)
    .slice(0, -1)
    .map((at, i) => {
      const position = (i * last) / steps;
      const low = Math.min(Math.floor(position), last - 1);
      const part = position - low;
      return at === 0
        ? levels[0]!
        : Math.exp((1 - part) * Math.log(levels[low]!) + part * Math.log(levels[low + 1]!));
    });
};
