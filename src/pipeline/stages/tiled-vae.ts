import type { Vae } from "#/runtime/vae.ts";
import { combine } from "#/sampling/sampler.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { type TileWork, type Tiling, tiled, tilesOf } from "#/tensor/tiled.ts";
import type { Part } from "./by-parts.ts";

/** Tiles of the reference, each side in latent places when decoding: squares, lying and standing. */
const decoding: readonly Tiling[] = [
  { width: 32, height: 128, overlap: 16 },
  { width: 128, height: 32, overlap: 16 },
  { width: 64, height: 64, overlap: 16 },
];

/** In pixels when encoding. */
const encoding: readonly Tiling[] = [
  { width: 512, height: 512, overlap: 64 },
  { width: 1024, height: 256, overlap: 64 },
  { width: 256, height: 1024, overlap: 64 },
];

/** A latent as a picture [1, 3, H, W], about -1 to 1, in the reference's tiles. Says before each tile how many are done. */
export const decodeTiled = (latent: Tensor, { decode }: Vae): AsyncGenerator<Part, Tensor, undefined> =>
  averaged(latent, decoding, { ask: decode, channels: 3, scale: 8 });

/** A picture [1, 3, H, W], sides multiples of 8, as a latent, in the reference's tiles. */
export const encodeTiled = (picture: Tensor, { encode }: Vae): AsyncGenerator<Part, Tensor, undefined> =>
  averaged(picture, encoding, { ask: encode, channels: 4, scale: 1 / 8 });

/**
 * The mean of what tiles of several shapes give. A VAE normalises over all that it is given, so that a tile of a picture is not what it is in the
 * whole one: Fooocus enlarges pictures in tiles whatever memory there is, and its results are to be met.
 */
async function* averaged(
  input: Tensor,
  tilings: readonly Tiling[],
  work: TileWork,
): AsyncGenerator<Part, Tensor, undefined> {
  const of = tilings.reduce((sum, tiling) => sum + tilesOf(input, tiling), 0);
  let done = 0;
  const answers: (readonly [number, Tensor])[] = [];
  for (const tiling of tilings) {
    const walk = tiled(input, tiling, work);
    for (let next = await walk.next(); ; next = await walk.next()) {
      if (next.done === true) {
        answers.push([1 / tilings.length, next.value]);
        break;
      }
      yield { done, of };
      done += 1;
    }
  }
  const [first, ...rest] = answers;
  if (first === undefined) throw new RangeError("no tiles at all");
  return combine(first, ...rest);
}
