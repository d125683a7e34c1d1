import type { Schedule } from "./schedule.ts";

/** SDXL's optimised levels for ten steps (Sabour et al. 2024, table of published schedules). */
const levels = [
  14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289,
  0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582,
];

const logs = levels.map(Math.log);
const last = levels.length - 1;

/** Published levels, log-linearly interpolated in float64 to other numbers of steps, then float32 as all levels are. */
export const alignYourSteps: Schedule = (_model, steps) =>
  Array.from({ length: steps }, (_, i) => {
    const position = (i * last) / steps;
    const low = Math.floor(position);
    const part = position - low;
    return Math.fround(part === 0 ? levels[low]! : Math.exp((1 - part) * logs[low]! + part * logs[low + 1]!));
  });
