import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { operators } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import { type Networks, openNetworks } from "#/runtime/models.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, relativeError, tinyCheckpoint, tinyRefiner } from "../support/golden.ts";
import { missingGoldens } from "../support/missing-goldens.ts";
import { unetInputs } from "../support/unet-inputs.ts";
import { goldenKeys } from "../support/unproven.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Against diffusers and transformers in float32 on the same weights (scripts/golden/networks.py). Both sides compute in
 * float32 but sum in another order: one sum of a few thousand products differs by about 1e-6 of its size, and some
 * dozens of layers in a row by about ten times that. 1e-4 leaves room for that and for none of the usual mistakes: a
 * wrong epsilon, a tanh for an erf, a skipped branch, all of which give 1e-3 and more.
 */
const tolerance = 1e-4;

setDefaultTimeout(300_000); // a second each on a quiet machine

const base = await tinyCheckpoint();
const refinerPath = await tinyRefiner();
const golden = goldenTensors("networks.safetensors");
const bothLoras = [
  { path: goldenPath("tiny-lora-sgm.safetensors"), weight: 0.7 },
  { path: goldenPath("tiny-lora-diffusers.safetensors"), weight: -0.4 },
];
const setups = (["in-place", "packed"] as const).map((weights) => {
  const workshop = openWorkshop(operators.cpu, weights);
  const open = (clipSkip = 2, loras = [] as typeof bothLoras, freeU = false): Networks =>
    openNetworks({ base, loras }, { clipSkip, freeU }, workshop);
  return { weights, workshop, open };
});
afterAll(async () => {
  for (const { workshop } of setups) await workshop.close();
});

/** The answers that were looked at so far. */
const compared = new Set<string>();

const ids = (key: string): number[] => [...golden(key).data];

/** Rows `n` of a batch, one picture each. */
function picture({ dims, data }: Tensor, n: number): Tensor {
  const size = data.length / (dims[0] ?? 1);
  return { dims: [1, ...dims.slice(1)], data: data.slice(n * size, (n + 1) * size) };
}

for (const { weights, workshop, open } of setups) {
  const close = (found: Tensor | undefined, key: string, expected = golden(key)): void => {
    compared.add(key);
    if (found === undefined) throw new Error(`${key} was not answered`);
    expectNear(found, expected, tolerance, key);
  };

  test(`the UNet, weights ${weights}: even and odd sizes, one and two chunks of text, from one session`, async () => {
    const { unet } = open();
    for (const n of [0, 1]) {
      const [sample, context, y, wanted] = (["sample", "context", "y", "prediction"] as const).map((name) =>
        picture(golden(`unet-even.${name}`), n),
      );
      const timestep = golden("unet-even.timestep").data[n]!;
      close(await unet(unetInputs(sample!, timestep, context!, y!)), "unet-even.prediction", wanted);
    }
    const odd = await unet(
      unetInputs(golden("unet-odd.sample"), 499, golden("unet-odd.context"), golden("unet-odd.y")),
    );
    close(odd, "unet-odd.prediction");
  });

  test(`the SDXL refiner's UNet, weights ${weights}: its own levels, text and sizes`, async () => {
    const { refiner } = openNetworks(
      { base, refiner: { path: refinerPath }, loras: [] },
      { clipSkip: 2 },
      workshop,
    );
    const [sample, context, y] = (["sample", "context", "y"] as const).map((name) =>
      golden(`unet-refiner.${name}`),
    );
    expect([refiner?.family, refiner?.textWidth]).toEqual(["sdxl-refiner", context!.dims[2]]);
    close(await refiner?.unet(unetInputs(sample!, 250, context!, y!)), "unet-refiner.prediction");
  });

  test(`FreeU, weights ${weights}: even and odd sizes, its four numbers an input`, async () => {
    const { unet } = open(2, [], true);
    const freeu = (factors: readonly number[]) => ({
      freeu: { dims: [4], data: Float32Array.from(factors) },
    });
    const ask = (name: string, n: number, factors: readonly number[]): Promise<Tensor> => {
      const [sample, context, y] = (["sample", "context", "y"] as const).map((input) =>
        picture(golden(`${name}.${input}`), n),
      );
      const timestep = golden(`${name}.timestep`).data[n]!;
      return unet({ ...unetInputs(sample!, timestep, context!, y!), ...freeu(factors) });
    };
    const b1s1b2s2 = [1.4, 0.4, 1.3, 0.6];
    for (const n of [0, 1]) {
      const wanted = picture(golden("unet-freeu-even.prediction"), n);
      close(await ask("unet-even", n, b1s1b2s2), "unet-freeu-even.prediction", wanted);
    }
    close(await ask("unet-odd", 0, b1s1b2s2), "unet-freeu-odd.prediction");
    close(await ask("unet-odd", 0, [1, 1, 1, 1]), "unet-odd.prediction");
  });

  test(`two LoRAs on linears and convolutions, weights ${weights}: the same as folded weights`, async () => {
    const { unet, textL, textG } = open(2, bothLoras);
    const found = await unet(
      unetInputs(golden("unet-odd.sample"), 499, golden("unet-odd.context"), golden("unet-odd.y")),
    );
    close(found, "unet-lora.prediction");
    close((await textL(ids("text.ids_l"))).hidden, "text-lora.hidden_l_2");
    const g = await textG(ids("text.ids_g"));
    close(g.hidden, "text-lora.hidden_g_2");
    close(g.pooled, "text-lora.pooled");
  });

  test(`the text encoders, weights ${weights}: every clip skip, and one beyond the layers`, async () => {
    for (const skip of [1, 2, 3]) {
      const { textL, textG } = open(skip);
      close((await textL(ids("text.ids_l"))).hidden, `text.hidden_l_${skip}`);
      const g = await textG(ids("text.ids_g"));
      close(g.hidden, `text.hidden_g_${skip}`);
      close(g.pooled, "text.pooled");
    }
    close((await open(12).textL(ids("text.ids_l"))).hidden, "text.hidden_l_beyond");
  });

  test(`the VAE both ways, weights ${weights}`, async () => {
    const { decode, encode } = open();
    close(await decode(golden("vae.latent")), "vae.image");
    close(await encode(golden("vae.picture")), "vae.mean");
  });
}

test("every answer that a network declares as its proof was compared", () => {
  const listings = new Set(Object.values(networks).map(({ goldens }) => goldens.listing)); // listings.test.ts has them
  // Tests of the same names compare all of theirs.
  const elsewhere = [
    "text-networks",
    "inpaint",
    "upscalers",
    "control",
    "image-prompts",
    "safety",
    "image-attention",
    "faces",
    "segment",
    "detect",
  ]
    .map((name) => goldenKeys(`${name}.safetensors`))
    .reduce((all, keys) => all.union(keys));
  expect(missingGoldens(networks, { listings, answers: compared.union(elsewhere) })).toEqual([]);
});

test("another strength of FreeU opens no other network; FreeU itself does", async () => {
  const { workshop, open } = setups[0]!;
  const input = unetInputs(golden("unet-odd.sample"), 499, golden("unet-odd.context"), golden("unet-odd.y"));
  const ask = (...factors: number[]): Promise<Tensor> =>
    open(2, [], true).unet({ ...input, freeu: { dims: [4], data: Float32Array.from(factors) } });
  await open().unet(input);
  const first = await ask(1.1, 0.9, 1.1, 0.9);
  const before = workshop.residency.resident.length;
  expect(relativeError(await ask(1.4, 0.4, 1.3, 0.6), first)).toBeGreaterThan(1e-3);
  await open().unet(input);
  expect(workshop.residency.resident.length).toBe(before);
});

const askUnet = ({ unet }: Networks): Promise<Tensor> =>
  unet(unetInputs(golden("unet-odd.sample"), 499, golden("unet-odd.context"), golden("unet-odd.y")));

test("a LoRA's strength is an input: another weight needs no other session, and 0 is the base itself", async () => {
  const { workshop, open } = setups[0]!;
  const { residency } = workshop;
  await askUnet(open(2, bothLoras));
  const plain = await askUnet(open());
  const before = residency.resident.length;
  const off = open(
    2,
    bothLoras.map((lora) => ({ ...lora, weight: 0 })),
  );
  // The runtime adds a residual within the convolution before it, where no LoRA lies between: sums in another order.
  expect(relativeError(await askUnet(off), plain)).toBeLessThan(2e-6);
  expect(residency.resident.length).toBe(before);
  const text = await off.textL(ids("text.ids_l"));
  expect([...text.hidden.data]).toEqual([...(await open().textL(ids("text.ids_l"))).hidden.data]);
});

test("LoRAs are a set: another order, and one listed twice with its strength in two parts, need no other session", async () => {
  const { workshop, open } = setups[0]!;
  const expected = await askUnet(open(2, bothLoras));
  const before = workshop.residency.resident.length;
  expect(await askUnet(open(2, bothLoras.toReversed()))).toEqual(expected);
  const [first, second] = bothLoras;
  const parts = [{ ...first!, weight: 0.25 }, second!, { ...first!, weight: 0.45 }];
  expectNear(await askUnet(open(2, parts)), expected, 1e-6);
  expect(workshop.residency.resident.length).toBe(before);
});

test("CUDA's table leaves the text encoders exact, in float32", async () => {
  const workshop = openWorkshop(operators.cuda);
  const { textL, textG } = openNetworks({ base, loras: bothLoras }, { clipSkip: 2 }, workshop);
  const g = await textG(ids("text.ids_g"));
  const exact = [
    [(await textL(ids("text.ids_l"))).hidden, "text-lora.hidden_l_2"],
    [g.hidden, "text-lora.hidden_g_2"],
  ] as const;
  for (const [found, key] of exact) expectNear(found, golden(key), tolerance);
  await workshop.close();
});
