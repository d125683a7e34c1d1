import { inUnits } from "#/lib/in-units.ts";
import type { Card } from "#/native/cuda/driver-answer.ts";

/** A card in a line. */
export const cardLine = ({ name, total, free, capability }: Card): string =>
  `${name}, ${inUnits(total)}${free === undefined ? "" : ` (${inUnits(free)} free)`}, compute capability ${capability.join(".")}`;
