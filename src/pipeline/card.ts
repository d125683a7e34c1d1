import type { EngineSettings } from "#/engine/protocol.ts";
import type { Device } from "#/lib/devices.ts";
import type { Log } from "#/lib/log.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Card, JobRoom } from "#/runtime/card/job-plan.ts";

/** Bytes of the card that networks run on, where they are known. */
export const cardOf = ({ gpuMemory = 0 }: EngineSettings, device: Device): number | undefined =>
  device === "cpu" || gpuMemory === 0 ? undefined : gpuMemory;

/** Tokens of two sections of text: what most prompts have at most. */
const tokens = 2 * 77;

/** A card with the lengths of a recipe's axes, where there is one. */
export const cardFor = (
  { size: { width, height } }: Recipe,
  bytes: number | undefined,
): Readonly<{ card?: Card }> => {
  if (bytes === undefined) return {};
  const latent = { h: Math.ceil(height / 8), w: Math.ceil(width / 8) };
  return { card: { bytes, lengths: { N: 1, T: tokens, ...latent, H: height, W: width } } };
};

/** Says how a job goes on a card. */
export function tellRoom(room: JobRoom | undefined, log: Log): void {
  if (room === undefined) return;
  const { bytes, guidance, wholePixels } = room;
  log.info("planned the card's memory", { room: bytes, guidance, vae: wholePixels > 0 ? "whole" : "strips" });
}
