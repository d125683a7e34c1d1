import { tile } from "#/graph/winograd/matrices.ts";
import type { VaeStep } from "#/networks/vae-steps.ts";
import type { StripPart } from "#/networks/vae-strips.ts";
import type { Size } from "./bands.ts";

/** What norms know of, by what they read: the features, what a lead makes of them, the middle of a res-block. */
export type Subject = "features" | "lead" | "hidden";

/** One walk over a picture's rows. */
export type Pass = Readonly<{
  part: StripPart;
  /** Of what it computes. */
  size: Size;
  /** Rows of a strip. */
  rows: number;
  /** Where its answer stays; `over` what it is made of, row by row. Nothing is kept where only statistics are wanted. */
  into: "features" | "over-features" | "hidden" | "over-hidden" | "tokens" | "answer" | "nowhere";
  /** What its norms are told, in their order, and what its statistics are of. */
  norms: readonly Subject[];
  gives: Subject | undefined;
}>;

/** How much room a walk takes, in bytes. */
export type Room = Readonly<{
  /** Features that are kept at once, where a smaller choice is left. */
  kept: number;
  /** A strip's answer, about. */
  strip: number;
}>;

/** Of SDXL's VAE at 2048 x 2048 the largest features that have to be kept, and those they are made of, are 3 GiB. */
const usual: Room = { kept: 3 * 2 ** 30, strip: 12 * 2 ** 20 };

/** A pass before its strips are measured, by the largest features it has to do with. */
type Planned = Omit<Pass, "rows"> & Readonly<{ widest: Size }>;

/** Bytes of scores, where attention has them all at once. */
const scoreBytes = 2 ** 28;

const float = 4;

export const bytesOf = ({ channels, height, width }: Size): number => channels * height * width * float;

/**
 * How a half of a VAE is walked through strip by strip. Features are kept between two passes; where these are more than
 * the room there is, an enlarged form of them or the middle of a res-block is computed anew instead, which costs time.
 *
 * @param input of the latent or the picture
 */
export function planPasses(steps: readonly VaeStep[], input: Size, room = usual): readonly Pass[] {
  const { kept } = room;
  const passes: Planned[] = [];
  let at = input;
  let lead: string | undefined;
  for (const [index, step] of steps.entries()) {
    const from = at;
    at = { ...sizeAfter(step, from), channels: step.channels };
    const next = steps[index + 1];
    switch (step.kind) {
      case "convolutions": {
        const { modules, resample } = step;
        const [only] = modules;
        if (resample === "double" && next?.kind === "block" && together(at, next.channels) > kept)
          lead = only;
        const part = { kind: "convolutions", modules, resample } as const;
        const into = lead === undefined ? "features" : "nowhere";
        passes.push(pass(part, at, into, { gives: lead === undefined ? "features" : "lead" }));
        break;
      }
      case "block":
        passes.push(...block(step.module, from, at, { lead, kept }));
        lead = undefined;
        break;
      case "attention":
        passes.push(pass({ kind: "tokens", module: step.module }, at, "tokens", { norms: ["features"] }));
        passes.push(pass({ kind: "mixed", module: step.module }, at, "features", { gives: "features" }));
        break;
      case "end":
        passes.push({ ...pass(step, at, "answer", { norms: ["features"] }), widest: from });
    }
  }
  return passes.map((pass) => ({ ...pass, rows: rowsOf(pass, room.strip) }));
}

const together = (size: Size, channels: number): number => bytesOf(size) + bytesOf({ ...size, channels });

function sizeAfter(step: VaeStep, { height, width, channels }: Size): Size {
  if (step.kind !== "convolutions" || step.resample === "none") return { height, width, channels };
  const scale = step.resample === "double" ? 2 : 0.5;
  return { height: height * scale, width: width * scale, channels };
}

/** A lead is given only where its answer is too large to be kept, and then the middle of the block has room. */
function block(
  module: string,
  from: Size,
  size: Size,
  { lead, kept }: Readonly<{ lead: string | undefined; kept: number }>,
): readonly Planned[] {
  const read = lead === undefined ? "features" : "lead";
  const first = { kind: "first", module, lead } as const;
  if (lead === undefined && from.channels === size.channels && 2 * bytesOf(size) > kept)
    return [
      pass(first, size, "nowhere", { norms: ["features"], gives: "hidden" }),
      pass({ kind: "block", module }, size, "over-features", {
        norms: ["features", "hidden"],
        gives: "features",
      }),
    ];
  return [
    pass(first, size, "hidden", { norms: [read], gives: "hidden" }),
    pass({ kind: "second", module, lead }, size, "over-hidden", { norms: ["hidden"], gives: "features" }),
  ];
}

const pass = (
  part: StripPart,
  size: Size,
  into: Pass["into"],
  { norms = [], gives }: Readonly<{ norms?: readonly Subject[]; gives?: Subject }>,
): Planned => ({ part, size, widest: size, into, norms, gives });

/** Rows of a strip: whole tiles of a convolution where there is room for one, and an even number, since doubled rows come in pairs. */
function rowsOf({ part, size: { height, width }, widest }: Planned, strip: number): number {
  const row = bytesOf({ ...widest, height: 1 });
  const fits = Math.floor(strip / row);
  const rows = Math.min(height, Math.max(2, fits - (fits % (fits < tile.answer ? 2 : tile.answer))));
  if (part.kind !== "mixed") return rows;
  // Providers without fused attention hold the scores of the rows at hand.
  return Math.min(rows, Math.max(1, Math.floor(scoreBytes / (width * height * width * float))));
}

/** How many strips a plan has. */
export const stripsOf = (passes: readonly Pass[]): number =>
  passes.reduce((sum, { size, rows }) => sum + Math.ceil(size.height / rows), 0);

/** Rows of the features that a part reads for its own rows `from` up to `end`; some may lie beyond the border. */
export function rowsRead(part: StripPart, from: number, end: number): readonly [number, number] {
  switch (part.kind) {
    case "convolutions":
      if (part.resample === "halve") return [2 * from, 2 * end + 1];
      return part.resample === "double" ? [from / 2 - 1, end / 2 + 1] : [from - 1, end + 1];
    case "first":
    case "second":
      return part.lead === undefined ? [from - 1, end + 1] : [from / 2 - 1, end / 2 + 1];
    case "block":
      return [from - 2, end + 2];
    case "tokens":
    case "mixed":
      return [from, end];
    case "end":
      return [from - 1, end + 1];
  }
}
