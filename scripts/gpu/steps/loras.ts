/** What LoRAs cost at full size: another strength, another set, none again; until the first step, and in each step. */
import { models } from "../models.ts";
import { own, plan, tell } from "../step.ts";
import { serverOn, type Timed, timedPicture } from "../timed-server.ts";

const told = plan();
const { device = "cpu" } = own();
const { base, loras } = models(told);
const steps = Math.min(4, told.sizes.steps);
const use = (at: 0 | 1, weight: number) => ({ enabled: true, model_name: loras[at], weight });
const sets = {
  none: [],
  "one, new": [use(0, 0.5)],
  "the same, another strength": [use(0, 0.8)],
  "two, one of them new": [use(0, 0.8), use(1, 0.5)],
  "one again": [use(0, 0.5)],
  "none again": [],
} as const;

const server = await serverOn(told, device);
const pictures: Record<string, Timed> = {};
try {
  for (const [name, list] of Object.entries(sets)) {
    pictures[name] = await timedPicture(server, told, { base_model_name: base, loras: list, steps });
    tell({ pictures });
  }
} finally {
  await server.end();
}
