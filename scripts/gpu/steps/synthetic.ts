/** Writes a checkpoint of SDXL's full size and two LoRAs, of random numbers. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { syntheticLoras, writeCheckpoint } from "../../bench/full-size/checkpoint.ts";
import { models } from "../models.ts";
import { plan, tell } from "../step.ts";

const { folder, base } = models(plan());
for (const kind of ["checkpoints", "loras"]) mkdirSync(join(folder, kind), { recursive: true });
const checkpoint = join(folder, "checkpoints", base);
const before = performance.now();
if (!existsSync(checkpoint)) writeCheckpoint(checkpoint);
tell({ checkpoint, gigabytes: Bun.file(checkpoint).size / 1e9 });
const loras = syntheticLoras(join(folder, "loras"), 2);
tell({ loras: loras.length, seconds: (performance.now() - before) / 1000 });
