/** Pictures in a row: what the process and the card hold after each. */
import { watchCard } from "../card.ts";
import { hostMemory } from "../host-memory.ts";
import { models } from "../models.ts";
import { own, plan, tell } from "../step.ts";
import { serverOn, timedPicture } from "../timed-server.ts";

const told = plan();
const { device = "cpu" } = own();
const { base } = models(told);
const { pictures, steps } = told.sizes.row;
const card = watchCard();
const server = await serverOn(told, device);
const rows: { seconds: number; hostGB: number; cardMiB: number | undefined }[] = [];
try {
  while (rows.length < pictures) {
    const { whole } = await timedPicture(server, told, { base_model_name: base, steps });
    rows.push({ seconds: whole, hostGB: hostMemory(server.pid).anonymous, cardMiB: card.now() });
    tell({ rows });
  }
} finally {
  card.end();
  await server.end();
}
