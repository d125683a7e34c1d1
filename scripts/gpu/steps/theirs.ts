/** diffusers on the same card and checkpoint: what opening and a step take, and the memory of the process and of the card. */
import { join } from "node:path";
import { watchCard } from "../card.ts";
import { watchHost } from "../host-memory.ts";
import { models } from "../models.ts";
import { own, plan, tell } from "../step.ts";

const told = plan();
const { device = "cpu" } = own();
const { folder, base } = models(told);
const asked = {
  checkpoint: join(folder, "checkpoints", base),
  side: told.sizes.side,
  steps: told.sizes.steps,
  device,
  dtype: device === "cuda" ? "float16" : "float32",
};
const card = watchCard();
const child = Bun.spawn([told.python, join(import.meta.dir, "../theirs.py"), JSON.stringify(asked)], {
  stdout: "inherit",
  stderr: "inherit",
});
const host = watchHost(child.pid);
await child.exited;
tell({ side: told.sizes.side, host: host.end(), card: card.end() });
process.exitCode = child.exitCode ?? 1;
