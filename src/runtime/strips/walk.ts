import type { WeightSource } from "#/graph/module.ts";
import type { Network } from "#/networks/network.ts";
import type { VaeStep } from "#/networks/vae-steps.ts";
import { drawStrip } from "#/networks/vae-strips.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Session } from "../session.ts";
import { Bands } from "./bands.ts";
import { type Kept, PassWalk } from "./pass-walk.ts";
import { type Pass, planPasses, type Room, stripsOf } from "./plan.ts";

/** What a walk tells: how far it is, strips that are done of all, and at its end what came of it. */
export type WalkEvent = Readonly<{ at: "strip"; done: number; of: number } | { at: "end"; answer: Tensor }>;

/** What a walk works with. */
export type WalkParts = Readonly<{
  steps: readonly VaeStep[];
  /** Opens the network of a pass; whoever asked closes it. */
  open: (draw: Network["draw"]) => Promise<Session>;
  /** What to throw where an answer holds no numbers. */
  broken: () => Promise<Error>;
  room?: Room;
}>;

/**
 * Walks through a half of a VAE strip by strip, with the norms' statistics of the whole picture: the answer is what the
 * network gives in one piece, but for the order of sums. Before each strip it says how far it is.
 *
 * @param input latent or picture, [1, C, H, W]
 * @throws what `broken` gives, EngineError as {@link Session.run}
 */
export async function* walkStrips(
  input: Tensor,
  parts: WalkParts,
): AsyncGenerator<WalkEvent, void, undefined> {
  const [, channels = 0, height = 0, width = 0] = input.dims;
  const size = { channels, height, width };
  const passes = planPasses(parts.steps, size, parts.room);
  const kept: Kept = { features: new Bands(size, height, [input.data]), known: new Map() };
  const of = stripsOf(passes);
  let done = 0;
  for (const pass of passes) {
    for await (const strips of passStrips(pass, kept, parts)) yield { at: "strip", done: done + strips, of };
    done += stripsOf([pass]);
    // What was dropped may be gigabytes, which a collector that sees a few small objects is in no hurry to give back.
    Bun.gc(true);
  }
  const { features } = kept;
  const { size: found } = features;
  const answer = { dims: [1, found.channels, found.height, found.width], data: features.whole() };
  yield { at: "end", answer };
}

/** One pass. Tells before each strip how many are done. */
async function* passStrips(
  pass: Pass,
  kept: Kept,
  parts: WalkParts,
): AsyncGenerator<number, void, undefined> {
  const session = await parts.open((source, operators) => drawn(source, operators, pass));
  try {
    const walk = new PassWalk(pass, kept);
    for (let from = 0; from < pass.size.height; from += pass.rows) {
      yield from / pass.rows;
      await walk.strip(from, session);
    }
    if (!walk.finish()) throw await parts.broken();
  } finally {
    await session.release();
  }
}

const drawn = (source: WeightSource, operators: Parameters<Network["draw"]>[1], { part, into }: Pass) =>
  drawStrip(
    source,
    operators,
    part,
    into === "nowhere" ? "statistics" : into === "answer" ? "answer" : "features",
  );
