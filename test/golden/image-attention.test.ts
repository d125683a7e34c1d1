import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { type ModelPaths } from "#/runtime/job-files.ts";
import { openNetworks, type UnetInputs } from "#/runtime/models.ts";
import { imageInput, type TellingImage } from "#/sampling/guidance/image-input.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { packedModel } from "../support/packed-model.ts";
import { unetInputs } from "../support/unet-inputs.ts";
import { openWorkshop } from "../support/workshop.ts";

/** Decoupled cross-attention against diffusers' UNet with IP-Adapters loaded (scripts/golden/image_attention.py). */
setDefaultTimeout(300_000);

const tolerance = 1e-4;
const golden = goldenTensors("image-attention.safetensors");
const stored = goldenTensors("networks.safetensors");
const base = await tinyCheckpoint();
const workshop = openWorkshop();
afterAll(() => workshop.close());

/** Widths of the tiny UNet's cross-attentions, in the order in which it is drawn. */
const widths = [64, 64, 128, 128, 128, 128, 128, 128, ...Array<number>(6).fill(128), 64, 64, 64];

/** As the script makes them. */
function table(picture: number, site: number, what: 0 | 1, tokens: number): Tensor {
  const width = widths[site] ?? 0;
  const data = Float32Array.from({ length: tokens * width }, (_, at) => {
    const [t, c] = [Math.floor(at / width), at % width];
    return (((t * 37 + c * 101 + site * 17 + what * 29 + picture * 53 + t * c * 7) % 61) - 30) / 15;
  });
  return { dims: [1, tokens, width], data };
}

const picture = (index: number, tokens: number, weight: number): TellingImage => ({
  keys: widths.map((_, site) => ({
    keys: table(index, site, 0, tokens),
    values: table(index, site, 1, tokens),
  })),
  weight,
  stop: 1,
});
const two = [picture(0, 16, 0.6), picture(1, 4, 1.5)];

/** The first picture of a case of networks.test.ts. */
function inputsOf(name: "unet-odd" | "unet-even"): UnetInputs {
  const first = ({ dims, data }: Tensor): Tensor => ({
    dims: [1, ...dims.slice(1)],
    data: data.slice(0, data.length / (dims[0] ?? 1)),
  });
  const [sample, context, y] = ["sample", "context", "y"].map((one) => first(stored(`${name}.${one}`)));
  return unetInputs(sample!, stored(`${name}.timestep`).data[0]!, context!, y!);
}

const open = (more: Partial<ModelPaths> = {}, freeU = false) =>
  openNetworks({ base, loras: [], ...more }, { clipSkip: 2, ip_adapter: true, freeU }, workshop).unet;

/** What pictures tell the network in a call. */
const told = (images: readonly TellingImage[]) =>
  imageInput(images, { trainedTimestep: () => 500 })({
    sample: stored("unet-odd.sample"),
    timestep: 500,
    sigma: 1,
  });

async function holds(name: string, found: Tensor): Promise<void> {
  expectNear(found, golden(`unet-images-${name}.prediction`), tolerance);
}

test("four tokens, an odd size, two chunks of text", async () =>
  holds("plain-odd", await open()({ ...inputsOf("unet-odd"), ...(await told([picture(0, 4, 0.75)])) })));

test("sixteen tokens, an even size", async () =>
  holds("plus-even", await open()({ ...inputsOf("unet-even"), ...(await told([picture(0, 16, 1)])) })));

test("two pictures of other numbers of tokens and other weights, each by a softmax of its own", async () =>
  holds("two-odd", await open()({ ...inputsOf("unet-odd"), ...(await told(two)) })));

test("with FreeU, a LoRA, an inpaint patch and its head, and a Control-LoRA", async () => {
  const more = {
    loras: [{ path: goldenPath("tiny-lora-sgm.safetensors"), weight: 0.7 }],
    inpaint: goldenPath("inpaint-head.pth"),
    patch: goldenPath("inpaint-patch.patch"),
    controlnet: [packedModel("control-lora.safetensors")],
  };
  const residuals = goldenTensors("control.safetensors");
  const places = Array.from({ length: 10 }, (_, place) => `control_${place}`);
  const found = await open(
    more,
    true,
  )({
    ...inputsOf("unet-odd"),
    ...(await told(two)),
    ...Object.fromEntries(places.map((place) => [place, residuals(`control-lora-changed.${place}`)])),
    inpaint: goldenTensors("inpaint.safetensors")("inpaint-head.feature"),
    freeu: { dims: [4], data: Float32Array.of(1.4, 0.4, 1.3, 0.6) },
  });
  await holds("everything", found);
});

test("pictures that have ended add exactly nothing", async () => {
  const inputs = inputsOf("unet-odd");
  const none = await open()({ ...inputs, ...(await told([{ ...picture(0, 16, 1), stop: 0.4 }])) });
  const without = await openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop).unet(inputs);
  expect(none.data).toEqual(without.data);
});
