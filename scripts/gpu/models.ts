import { join } from "node:path";
import type { Plan } from "./plan.ts";

/** The files that full-size steps work with: a folder of models, a checkpoint and two LoRAs in it. */
export type Models = Readonly<{ folder: string; base: string; loras: readonly [string, string] }>;

/** Synthetic ones of SDXL's size, or the demo model that stands in for them in a dry run. */
export const models = ({ work, sizes }: Plan): Models =>
  sizes.synthetic
    ? {
        folder: join(work, "models"),
        base: "synthetic-sdxl-base.safetensors",
        loras: ["synthetic-lora-0.safetensors", "synthetic-lora-1.safetensors"],
      }
    : {
        folder: join(import.meta.dir, "../../models"),
        base: "fooocusd-demo.safetensors",
        loras: ["fooocusd-demo-neon.safetensors", "fooocusd-demo-lcm-8step.safetensors"],
      };
