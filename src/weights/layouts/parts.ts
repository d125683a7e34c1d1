import type { Checkpoint } from "../checkpoint.ts";

/** A part of a checkpoint that networks are drawn from. */
export type CheckpointPart = Readonly<{
  name: keyof Pick<Checkpoint, "unet" | "textL" | "textG" | "vae">;
  /** For messages. */
  title: string;
  /** What its names begin with in a file of Stability's layout, and by which it is known to be there. */
  prefix: string;
}>;

/** The parts of an SDXL checkpoint. */
export const checkpointParts = {
  unet: { name: "unet", title: "UNet", prefix: "model.diffusion_model." },
  textL: {
    name: "textL",
    title: "text encoder L",
    prefix: "conditioner.embedders.0.transformer.text_model.",
  },
  textG: { name: "textG", title: "text encoder G", prefix: "conditioner.embedders.1.model." },
  vae: { name: "vae", title: "VAE", prefix: "first_stage_model." },
} as const satisfies { [Name in CheckpointPart["name"]]: CheckpointPart & { name: Name } };
