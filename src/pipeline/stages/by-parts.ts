import type { Moment } from "#/engine/protocol.ts";
import { BugError } from "#/lib/errors.ts";
import type { ByStrips } from "#/runtime/vae-by-strips.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Fact } from "../generate.ts";
import type { Stopwatch } from "../stopwatch.ts";

/** How far work is that is done part by part, before each of them. */
export type Part = Readonly<{ done: number; of: number }>;

/** How work that is done part by part is told of. */
export type PartsTold = Readonly<{
  clock: Stopwatch;
  /** What its time counts as. */
  counts: "encoding" | "decoding";
  at: (part: Part) => Moment;
  /** Throws where the job was asked to stop. */
  check: () => void;
}>;

/** Does work part by part; tells how far it is, and looks at a stop, before every part. */
export async function* byParts<Done>(
  work: AsyncGenerator<Part, Done, undefined>,
  { clock, counts, at, check }: PartsTold,
): AsyncGenerator<Fact, Done, undefined> {
  try {
    for (;;) {
      const next = await clock.time(counts, () => work.next());
      if (next.done === true) return next.value;
      check();
      yield { type: "progress", at: at(next.value) };
      check();
    }
  } finally {
    // What the work holds is let go of where it is left.
    await work.return(undefined as Done);
  }
}

/** Work that has one part. */
export async function* inOnePiece<Done>(work: () => Promise<Done>): AsyncGenerator<Part, Done, undefined> {
  yield { done: 0, of: 1 };
  return await work();
}

/** The strips of a half of a VAE, as parts. */
export async function* stripParts(strips: ReturnType<ByStrips>): AsyncGenerator<Part, Tensor, undefined> {
  for await (const event of strips) {
    if (event.at === "end") return event.answer;
    yield event;
  }
  throw new BugError("A half of a VAE walked through its strips and said nothing.");
}
