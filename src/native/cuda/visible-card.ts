import { EngineError } from "#/lib/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment in which a process sees one card alone, its first: what an entry `cuda:N` of `engines` means.
 *
 * @param gpu         its number among those that this process sees
 * @param environment of this process, whose CUDA_VISIBLE_DEVICES says which these are
 * @throws EngineError `bad-setting` where it is none of them
 */
export const withOneCard = (gpu: number, environment: Environment): Environment => ({
  ...environment,
  CUDA_VISIBLE_DEVICES: cardOf(gpu, environment["CUDA_VISIBLE_DEVICES"]),
});

/** The driver's word for it. */
function cardOf(gpu: number, visible: string | undefined): string {
  const cards = (visible ?? "").split(",").filter((card) => card.trim() !== "");
  if (cards.length === 0) return String(gpu);
  const card = cards[gpu];
  if (card !== undefined) return card.trim();
  const message = `engines names cuda:${gpu}, and CUDA_VISIBLE_DEVICES leaves the server ${cards.length}; the first is cuda:0.`;
  throw new EngineError("bad-setting", message, { setting: "engines" });
}
