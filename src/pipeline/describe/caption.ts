import { createHash } from "node:crypto";
import { cubicResize } from "#/image/operations/cubic-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Captioner } from "#/runtime/captioner.ts";
import { Mt19937 } from "#/sampling/noise/mt19937.ts";
import { drawOutcome } from "#/sampling/noise/multinomial.ts";
import { clipLevels } from "#/tensor/clip-levels.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { captionEnd, captionStart, captionText } from "../text/caption-tokens.ts";
import { nextToken } from "./next-token.ts";

/** Most tokens of a caption, its beginning among them. */
const longest = 75;

/**
 * What a photograph shows, in a sentence by BLIP (Li et al. 2022). Words are drawn, as in Fooocus, but seeded by the picture: the
 * same pixels always get the same sentence.
 *
 * @param pause awaited between runs of the network; throws to end it
 */
export async function captionOf(
  picture: Pixmap,
  model: Captioner,
  pause: () => Promise<void> | void = () => undefined,
): Promise<string> {
  const shown = await model.look(shownPicture(picture, model.side));
  return captionText(await captionTokens(model, shown, { seed: seedOf(picture), pause }));
}

/** The tokens of a caption, its beginning before them and its end behind them. */
export async function captionTokens(
  model: Captioner,
  shown: Tensor,
  { seed, pause = () => undefined }: Readonly<{ seed: bigint; pause?: () => Promise<void> | void }>,
): Promise<readonly number[]> {
  const random = new Mt19937(seed);
  const said = [...captionStart];
  let memory = model.blank;
  let told: readonly number[] = captionStart;
  while (said.length < longest && said.at(-1) !== captionEnd) {
    await pause();
    const answer = await model.next({ ids: told, memory, shown });
    const token = drawOutcome(nextToken(answer.scores, said, captionEnd), model.vocabulary, random);
    memory = answer.memory;
    told = [token];
    said.push(token);
  }
  return said;
}

/** A picture as the captioner is shown it: stretched to a square without antialiasing, as in Fooocus. */
export function shownPicture({ width, height, data }: Pixmap, side: number): Tensor {
  const levels = Float32Array.from(data, (value) => value / 255);
  return clipLevels(cubicResize({ width, height, channels: 3, data: levels }, { width: side, height: side }));
}

/** 32 bits of the picture's hash. */
const seedOf = ({ data }: Pixmap): bigint =>
  BigInt(createHash("sha256").update(data).digest().readUInt32BE(0));
