import type { Tensor } from "#/tensor/tensor.ts";
import type { ModelSampling } from "../model-sampling.ts";
import type { Contribute, NamedTensors } from "./inputs.ts";

/** A picture that says something at each cross-attention of a network, in the order in which that is drawn. */
export type TellingImage = Readonly<{
  /** [1, T, C] each; T is the picture's own, C the attention's. */
  keys: readonly Readonly<{ keys: Tensor; values: Tensor }>[];
  weight: number;
  /** The progress from which on it says nothing. */
  stop: number;
}>;

/** Added to the score of a token that is none: its share is exactly zero, in half precision too. */
const hidden = -30_000;

/**
 * What pictures tell a network in each call, as the inputs of its decoupled cross-attentions: those whose end the call's
 * progress 1 - t / 999 has not reached, each with its weight (pipeline section 12.4). Levels without timesteps count as the
 * timesteps of SDXL that are nearest.
 *
 * @param images at least one
 */
export function imageInput(
  images: readonly TellingImage[],
  { trainedTimestep }: Pick<ModelSampling, "trainedTimestep">,
): Contribute {
  // They end one after the other: few sets of them occur, each in many calls.
  const known = new Map<string, NamedTensors>();
  return ({ sigma }) => {
    const telling = images.filter(({ stop }) => isTelling(stop, sigma, { trainedTimestep }));
    const key = telling.map((image) => images.indexOf(image)).join();
    const told = known.get(key) ?? together(telling.length === 0 ? silent(images) : telling);
    known.set(key, told);
    return told;
  };
}

/** Whether a picture that ends at a progress says something at a level. */
export const isTelling = (
  stop: number,
  sigma: number,
  { trainedTimestep }: Pick<ModelSampling, "trainedTimestep">,
): boolean => 1 - trainedTimestep(sigma) / 999 < stop;

/** One token whose values are zeros: what costs least and adds nothing. */
function silent([image]: readonly TellingImage[]): readonly TellingImage[] {
  const nothing = ({ dims }: Tensor): Tensor => {
    const width = dims[2] ?? 0;
    return { dims: [1, 1, width], data: new Float32Array(width) };
  };
  const keys = image?.keys.map((site) => ({ keys: nothing(site.keys), values: nothing(site.values) })) ?? [];
  return [{ keys, weight: 0, stop: 0 }];
}

/** Several in one tensor a site, as many tokens as the longest has: `image_keys_<n>`, `image_values_<n>` [I, T, C]. */
function together(images: readonly TellingImage[]): NamedTensors {
  const counts = images.map(({ keys }) => keys[0]?.keys.dims[1] ?? 0);
  const tokens = Math.max(...counts);
  const mask = counts.flatMap((count) =>
    Array.from({ length: tokens }, (_, token) => (token < count ? 0 : hidden)),
  );
  const sites = Array.from({ length: images[0]?.keys.length ?? 0 }, (_, site) =>
    (["keys", "values"] as const).map((what) => {
      const each = images.flatMap(({ keys }) => keys[site]?.[what] ?? []);
      return [`image_${what}_${site}`, stacked(each, tokens)] as const;
    }),
  );
  return {
    image_scales: { dims: [images.length], data: Float32Array.from(images, ({ weight }) => weight) },
    image_mask: { dims: [images.length, tokens], data: Float32Array.from(mask) },
    ...Object.fromEntries(sites.flat()),
  };
}

function stacked(each: readonly Tensor[], tokens: number): Tensor {
  const width = each[0]?.dims[2] ?? 0;
  const data = new Float32Array(each.length * tokens * width);
  for (const [image, tensor] of each.entries()) data.set(tensor.data, image * tokens * width);
  return { dims: [each.length, tokens, width], data };
}
