import { expect, test } from "bun:test";
import { preview } from "#/pipeline/stages/preview.ts";
import { sdxlLatentColours } from "#/recipe/latent-colours.ts";
import type { Previews } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import { shrunk } from "#/sampling/preview.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../support/small-recipe.ts";
import { stubJob } from "../../support/stub-job.ts";

const colours = sdxlLatentColours;
const byNetwork: Previews = { by: "network", file: "xlvaeapp.pth", colours };
const jobWith = (previews: Previews | null, look: Networks["preview"]) =>
  stubJob({ preview: look }, { recipe: { ...smallRecipe, previews } });

const large = { dims: [1, 4, 128, 96], data: new Float32Array(4 * 128 * 96).fill(0.5) };
const unasked = async (): Promise<never> => {
  throw new Error("no network is asked");
};

test("a network looks at a latent of at most 64 on its longest side, and its answer is the picture", async () => {
  const asked: (readonly number[])[] = [];
  const job = jobWith(byNetwork, async (latent) => {
    asked.push(latent.dims);
    return { dims: [1, 3, 1, 2], data: Float32Array.of(-1, 1, 0, 2, -3, 0.5) };
  });
  const picture = await preview(job, large);
  expect(asked).toEqual([[1, 4, 64, 48]]);
  expect(picture).toEqual({ width: 2, height: 1, data: Uint8Array.of(0, 127, 0, 255, 255, 191) });
});

test("where the network makes nothing, and where none is wanted, it is colours", async () => {
  const fallen = await preview(
    jobWith(byNetwork, async () => undefined),
    large,
  );
  expect(fallen).toEqual(await preview(jobWith({ by: "colours", colours }, unasked), large));
  expect([fallen?.width, fallen?.height]).toEqual([192, 256]);
});

test("where no previews are wanted none is made", async () => {
  expect(await preview(jobWith(null, unasked), large)).toBeUndefined();
});

test("a large latent is shrunk by the means of squares, what is left over at its edges dropped", () => {
  const latent: Tensor = { dims: [1, 1, 3, 5], data: Float32Array.from({ length: 15 }, (_, i) => i) };
  expect(shrunk(latent, 5)).toBe(latent);
  expect(shrunk(latent, 3)).toEqual({ dims: [1, 1, 1, 2], data: Float32Array.of(3, 5) });
});
