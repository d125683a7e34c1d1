import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { Graph } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Session } from "#/runtime/session.ts";
import { masked } from "#/sampling/guidance/masked.ts";
import { combine, type Denoise } from "#/sampling/sampler.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { readInpaintPatch } from "#/weights/layouts/inpaint-patch.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { unetInputs } from "../support/unet-inputs.ts";
import { openWorkshop } from "../support/workshop.ts";

/** Against torch and diffusers on the same tiny files (scripts/golden/inpaint.py). */
setDefaultTimeout(300_000);

const golden = goldenTensors("inpaint.safetensors");
const plain = goldenTensors("networks.safetensors");
const base = await tinyCheckpoint();
const checkpoint = sdxlCheckpoint(openWeights(base));
const head = goldenPath("inpaint-head.pth");
const patch = goldenPath("inpaint-patch.patch");
const workshop = openWorkshop();
afterAll(() => workshop.close());

const opened = openNetworks({ base, loras: [], inpaint: head, patch }, { clipSkip: 2 }, workshop);

const feature = async () =>
  (
    await opened.ask(networks["inpaint-head"], {
      hole: golden("inpaint-head.hole"),
      picture: golden("inpaint-head.picture"),
    })
  ).feature;

test("the head's answer: one convolution, the edge repeated", async () => {
  expectNear(await feature(), golden("inpaint-head.feature"), 1e-6);
});

test("the denoising network with the patch and the head's answer, which the last skip carries too", async () => {
  const inputs = unetInputs(plain("unet-odd.sample"), 499, plain("unet-odd.context"), plain("unet-odd.y"));
  const found = await opened.unet({ ...inputs, inpaint: await feature() });
  expectNear(found, golden("unet-inpaint.prediction"), 1e-4);
});

test("a LoRA of weight 0 beside the patch is none, bit for bit; one of weight 1 is not", async () => {
  const inputs = unetInputs(plain("unet-odd.sample"), 499, plain("unet-odd.context"), plain("unet-odd.y"));
  const lora = goldenPath("tiny-lora-sgm.safetensors");
  const withLora = async (...loras: { path: string; weight: number }[]) => {
    const more = openNetworks({ base, loras, inpaint: head, patch }, { clipSkip: 2 }, workshop);
    return await more.unet({ ...inputs, inpaint: await feature() });
  };
  const without = await withLora();
  expect((await withLora({ path: lora, weight: 0 })).data).toEqual(without.data);
  expect((await withLora({ path: lora, weight: 1 })).data).not.toEqual(without.data);
});

test("what takes over from it is the base model as it is", async () => {
  const inputs = unetInputs(plain("unet-odd.sample"), 499, plain("unet-odd.context"), plain("unet-odd.y"));
  const found = await opened.refiner?.unet(inputs);
  expectNear(found!, plain("unet-odd.prediction"), 1e-4);
});

for (const name of ["inpaint-patch.patch", "inpaint-patch-legacy.patch"])
  test(`${name}: every weight as torch merges it, to float32's last bits`, async () => {
    const file = openWeights(goldenPath(name));
    const { count, tensors } = readInpaintPatch(file, checkpoint);
    const places = new Map([...tensors].map(([key, [one]]) => [key, one!.values]));
    const mapped = await workshop.derived.mappable(places, file, () => false);
    const placed = new Map(
      [...tensors].map(([key, [one]]) => [key, [{ ...one!, values: mapped.get(key)! }]]),
    );
    const graph = new Graph({ operators: operators.cpu });
    const m = new Module(graph, weightSource("tiny", checkpoint.unet, undefined, { count, tensors: placed }));
    for (const key of tensors.keys()) graph.output(key, m.weight(key));
    const session = await Session.open(graph, { device: "cpu", weights: "in-place", threads: 1 });
    const merged = await session.run({ difference_strengths: { dims: [1], data: Float32Array.of(1) } });
    await session.release();
    expect(tensors.size).toBe(8);
    for (const key of tensors.keys()) expectNear(merged[key]!, golden(`patched.${key}`), 5e-7);
  });

/** D = x / (1 + sigma²), and what it was shown. */
function toy(seen: Tensor[]): Denoise {
  return async (x, sigma) => {
    seen.push(x);
    return combine([1 / (1 + sigma ** 2), x]);
  };
}

for (const [name, seed] of [
  ["small", 7n],
  ["large", 2n ** 63n - 1n],
] as const)
  test(`the masked denoiser, a ${name} seed: the draws in their order, what is seen, the estimates, the end of a run`, async () => {
    const get = (key: string) => golden(`masked.${name}.${key}`);
    const seen: Tensor[] = [];
    const denoise = masked(toy(seen), { clean: get("clean"), hole: get("hole") }, seed);
    const sigmas = [14.5, 4, 1.2, 0.3, 0];
    let x = get("x");
    for (let i = 0; i < 4; i += 1) {
      const [sigma, lower] = [sigmas[i]!, sigmas[i + 1]!];
      const estimate = await denoise(x, sigma);
      expectNear(seen[i]!, get(`seen.${i}`), 2e-6);
      expectNear(estimate, get(`estimate.${i}`), 2e-6);
      const step = (lower - sigma) / sigma;
      x = combine([1 + step, x], [-step, estimate]);
    }
    expectNear(x, get("end"), 2e-6);
  });
