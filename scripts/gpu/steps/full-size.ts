/** Pictures of full size: how long opening and a step take, and the memory of the process and of the card. */
import { watchCard } from "../card.ts";
import { watchHost } from "../host-memory.ts";
import { models } from "../models.ts";
import { own, plan, tell } from "../step.ts";
import { serverOn, timedPicture } from "../timed-server.ts";

const told = plan();
const { device = "cpu" } = own();
const { sizes } = told;
const { base } = models(told);
const card = watchCard();
const server = await serverOn(told, device);
const host = watchHost(server.pid);
const tellMemory = () => tell({ side: sizes.side, host: host.end(), card: card.end() });
try {
  const first = await timedPicture(server, told, { base_model_name: base, steps: sizes.steps });
  tell({ first });
  const later = await timedPicture(server, told, { base_model_name: base, steps: sizes.steps });
  tell({ later });
} finally {
  tellMemory();
  await server.end();
}
