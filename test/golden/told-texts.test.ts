import { afterAll, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { operators, operatorsOf } from "#/graph/operators.ts";
import type { ModelPaths } from "#/runtime/job-files.ts";
import { type Networks, openNetworks } from "#/runtime/models.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { elsewhere } from "../support/elsewhere.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint, tinyRefiner } from "../support/golden.ts";
import { unetInputs } from "../support/unet-inputs.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * The UNet told keys and values of the text, made once, against the same answers of diffusers as when it is told the text
 * (scripts/golden/networks.py and its neighbours); the tolerance is that of networks.test.ts.
 */
const tolerance = 1e-4;

setDefaultTimeout(300_000);

/** A card makes the keys itself. */
const isTold = elsewhere === undefined || operatorsOf(elsewhere.device, "in-place").textKeys;
const keyed = test.skipIf(!isTold);

const base = await tinyCheckpoint();
const refiner = await tinyRefiner();
const golden = goldenTensors("networks.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());
const runs = spyOn(workshop.residency, "runOnce");

type Case = "unet-odd" | "unet-even" | "unet-refiner";

/** The first picture of a case. */
function inputsOf(name: Case, timestep = golden(`${name}.timestep`).data[0]!) {
  const first = ({ dims, data }: Tensor): Tensor => ({
    dims: [1, ...dims.slice(1)],
    data: data.slice(0, data.length / (dims[0] ?? 1)),
  });
  const [sample, context, y] = ["sample", "context", "y"].map((one) => first(golden(`${name}.${one}`)));
  return { inputs: unetInputs(sample!, timestep, context!, y!), first };
}

const open = (more: Partial<ModelPaths> = {}, freeU = false): Networks =>
  openNetworks({ base, loras: [], ...more }, { clipSkip: 2, freeU }, workshop);

/** What is asked with the text's keys, and nothing of the text itself. */
async function toldKeys(
  { unet, tellTexts }: Pick<Networks, "unet" | "tellTexts">,
  { context, ...others }: ReturnType<typeof unetInputs>,
  more: Readonly<Record<string, Tensor>> = {},
): Promise<Tensor> {
  const [told] = await tellTexts([context]);
  expect(Object.keys(told ?? {})).toContain("text_values_0");
  expect(Object.keys(told ?? {})).not.toContain("context");
  return unet({ ...others, ...told!, ...more });
}

keyed("one and two sections of text, even and odd sizes", async () => {
  const even = inputsOf("unet-even");
  const answer = await toldKeys(open(), even.inputs);
  expectNear(answer, even.first(golden("unet-even.prediction")), tolerance);
  const odd = await toldKeys(open(), inputsOf("unet-odd", 499).inputs);
  expectNear(odd, golden("unet-odd.prediction"), tolerance);
});

keyed("branches of LoRAs on its matrices, and families that change them", async () => {
  const { inputs } = inputsOf("unet-odd", 499);
  const loras = [
    { path: goldenPath("tiny-lora-sgm.safetensors"), weight: 0.7 },
    { path: goldenPath("tiny-lora-diffusers.safetensors"), weight: -0.4 },
  ];
  const answer = await toldKeys(open({ loras }), inputs);
  expectNear(answer, golden("unet-lora.prediction"), tolerance);
  const changed = goldenTensors("lora-runs.safetensors");
  for (const family of ["loha", "dora", "glora"]) {
    const path = goldenPath(`models/lora-${family}.safetensors`);
    const found = await toldKeys(open({ loras: [{ path, weight: 1 }] }), inputs);
    expectNear(found, changed(`${family} 1|unet`), tolerance);
  }
});

keyed(
  "FreeU, an inpaint patch with its head, and the base model that takes over without the patch",
  async () => {
    const { inputs } = inputsOf("unet-odd", 499);
    const freeu = { dims: [4], data: Float32Array.of(1.4, 0.4, 1.3, 0.6) };
    const free = await toldKeys(open({}, true), inputs, { freeu });
    expectNear(free, golden("unet-freeu-odd.prediction"), tolerance);
    const holes = goldenTensors("inpaint.safetensors");
    const patched = open({
      inpaint: goldenPath("inpaint-head.pth"),
      patch: goldenPath("inpaint-patch.patch"),
    });
    const found = await toldKeys(patched, inputs, { inpaint: holes("inpaint-head.feature") });
    expectNear(found, holes("unet-inpaint.prediction"), tolerance);
    if (patched.refiner === undefined || patched.refiner.family === "sd-1")
      throw new Error("nothing takes over");
    const after = await toldKeys(patched.refiner, inputs);
    expectNear(after, golden("unet-odd.prediction"), tolerance);
  },
);

keyed("the SDXL refiner's own keys", async () => {
  const opened = open({ refiner: { path: refiner } }).refiner;
  if (opened?.family !== "sdxl-refiner") throw new Error("no refiner");
  const answer = await toldKeys(opened, inputsOf("unet-refiner", 250).inputs);
  expectNear(answer, golden("unet-refiner.prediction"), tolerance);
});

keyed(
  "texts of other lengths together are told what each is told alone, by one run; the same again by none",
  async () => {
    const [odd, even] = [inputsOf("unet-odd", 499).inputs.context, inputsOf("unet-even").inputs.context];
    const { tellTexts } = open();
    const alone = [...(await open().tellTexts([odd])), ...(await open().tellTexts([even]))];
    runs.mockClear();
    const together = await tellTexts([odd, even]);
    expect(runs).toHaveBeenCalledTimes(1);
    for (const [at, told] of together.entries())
      for (const [name, { dims, data }] of Object.entries(told)) {
        const single = Object.entries(alone[at] ?? {}).find(([key]) => key === name)?.[1];
        expect([name, single?.dims]).toEqual([name, dims]);
        expectNear({ dims, data }, single!, 1e-6);
      }
    expect(await tellTexts([odd, odd])).toEqual([together[0]!, together[0]!]);
    expect(await tellTexts([even, odd])).toEqual(together.toReversed());
    expect(runs).toHaveBeenCalledTimes(1);
    await tellTexts([{ ...even }]);
    expect(runs).toHaveBeenCalledTimes(2);
  },
);

keyed(
  "texts of which the keys would take too much memory are told as they are, and so is a device",
  async () => {
    const { context } = inputsOf("unet-odd", 499).inputs;
    const width = context.dims[2] ?? 0;
    // 17 cross-attentions of the tiny UNet have 1,792 channels together: 14 KB a token.
    const long = { dims: [1, 77 * 400, width], data: new Float32Array(77 * 400 * width) };
    runs.mockClear();
    expect(await open().tellTexts([long, context])).toEqual([{ context: long }, { context }]);
    const device = { ...workshop, operators: { ...operators.cpu, textKeys: false } };
    const { tellTexts } = openNetworks({ base, loras: [] }, { clipSkip: 2 }, device);
    expect(await tellTexts([context])).toEqual([{ context }]);
    expect(runs).not.toHaveBeenCalled();
  },
);

keyed(
  "a text of no numbers is told where keys are made of it, and one that is far too loud where they are used",
  async () => {
    const { inputs } = inputsOf("unet-odd", 499);
    const { unet, tellTexts } = open();
    const { context, ...others } = inputs;
    const loud = ({ dims, data }: Tensor, most: number): Tensor => {
      const largest = data.reduce((so, value) => Math.max(so, Math.abs(value)), 0);
      return { dims, data: data.map((value) => (value / largest) * most) };
    };
    await expect(tellTexts([loud(context, 1e39)])).rejects.toThrow(
      /encoded into values that are not numbers/,
    );
    const [told] = await tellTexts([context]);
    const keys = Object.fromEntries(Object.entries(told ?? {}).map(([name, one]) => [name, loud(one, 3e38)]));
    const asked = unet({ ...others, ...told!, ...keys });
    await expect(asked).rejects.toThrow(/^The prompt's weights make values up to/);
  },
);
