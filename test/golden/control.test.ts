import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { type Networks, openNetworks } from "#/runtime/models.ts";
import { zeros } from "#/tensor/tensor.ts";
import { controlSource } from "#/weights/layouts/controlnet.ts";
import { locatePart } from "#/weights/layouts/part-source.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { elsewhere } from "../support/elsewhere.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { modelsTable } from "../support/models-table.ts";
import { packedModel } from "../support/packed-model.ts";
import { unetInputs } from "../support/unet-inputs.ts";
import { openWorkshop } from "../support/workshop.ts";

/** Against diffusers' ControlNetModel on the same tiny files (scripts/golden/control.py). */
setDefaultTimeout(300_000);

const tolerance = 1e-4;
const golden = goldenTensors("control.safetensors");
const plain = goldenTensors("networks.safetensors");
const base = await tinyCheckpoint();
const checkpoint = sdxlCheckpoint(openWeights(base));
const workshop = openWorkshop();
afterAll(() => workshop.close());

const inputs = unetInputs(plain("unet-odd.sample"), 499, plain("unet-odd.context"), plain("unet-odd.y"));
const controlFile = (name: string): string => packedModel(`control-${name}`);
const lora = { path: goldenPath("tiny-lora-sgm.safetensors"), weight: 0.7 };
const head = goldenPath("inpaint-head.pth");
const patch = goldenPath("inpaint-patch.patch");

const open = (files: readonly string[], more: Partial<Parameters<typeof openNetworks>[0]> = {}): Networks =>
  openNetworks({ base, loras: [], controlnet: files.map(controlFile), ...more }, { clipSkip: 2 }, workshop);

async function answers(networks: Networks, at = 0) {
  const net = networks.controlNets[at]!;
  return net.residuals({ ...inputs, hint: await net.hint(golden("control-hint.picture")) });
}

/** The same, told what the pipeline tells it of the text. */
async function answersToKeys(networks: Networks, at: number) {
  const net = networks.controlNets[at]!;
  const { context, ...others } = inputs;
  const [told] = await net.tellTexts([context]);
  return {
    told: told!,
    found: await net.residuals({ ...others, ...told!, hint: await net.hint(golden("control-hint.picture")) }),
  };
}

/** ControlNets that have no cross-attention, and so are told the text, which they do not read. */
const withoutAttention: ReadonlySet<string> = new Set(["controlnet-small"]);

async function holds(networks: Networks, name: string, at = 0): Promise<void> {
  const { told, found } = await answersToKeys(networks, at);
  // Other devices are told texts.
  if (elsewhere === undefined) expect(Object.hasOwn(told, "context")).toBe(withoutAttention.has(name));
  for (const residuals of [await answers(networks, at), found]) {
    expect(residuals.length).toBe(10);
    for (const [place, residual] of residuals.entries())
      expectNear(residual, golden(`${name}.control_${place}`), tolerance);
  }
}

/** Which ControlNet each file holds, by the name of its answers. */
const held: Readonly<Record<string, string>> = {
  "ldm.safetensors": "controlnet-ldm",
  "ldm-prefix.safetensors": "controlnet-ldm",
  "ldm.pth": "controlnet-ldm",
  "diffusers.safetensors": "controlnet-diffusers",
  "diffusers.bin": "controlnet-diffusers",
  "small.safetensors": "controlnet-small",
  "mid.safetensors": "controlnet-mid",
  "difference.pth": "controlnet-difference",
  "lora.safetensors": "control-lora",
  "lora.pth": "control-lora",
};

for (const [file, name] of Object.entries(held))
  test(`${file} answers as torch's ${name}`, () => holds(open([file]), name));

test("the picture's features", async () => {
  const hint = await open(["ldm.safetensors"]).controlNets[0]?.hint(golden("control-hint.picture"));
  expectNear(hint!, golden("control-hint.hint"), tolerance);
});

test("a Control-LoRA is made on the base model with its LoRA and its patch; a whole ControlNet is as it is", async () => {
  const more = { loras: [lora], inpaint: head, patch };
  const networks = open(["lora.safetensors", "ldm.safetensors"], more);
  await holds(networks, "control-lora-changed", 0);
  await holds(networks, "controlnet-ldm", 1);
});

test("at strength 0 a LoRA leaves a Control-LoRA as it is", () =>
  holds(open(["lora.safetensors"], { loras: [{ ...lora, weight: 0 }] }), "control-lora"));

test("what it answers reaches the skips in the order they are used, and the middle", async () => {
  const networks = open(["ldm.safetensors"]);
  const residuals = await answers(networks);
  const named = Object.fromEntries(residuals.map((residual, place) => [`control_${place}`, residual]));
  const found = await networks.unet({ ...inputs, ...named });
  expectNear(found, golden("unet-control.prediction"), tolerance);
  const nothing = Object.fromEntries(
    residuals.map(({ dims }, place) => [`control_${place}`, zeros([1, dims[1] ?? 0, 1, 1])]),
  );
  const free = await networks.unet({ ...inputs, ...nothing });
  const without = await openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop).unet(inputs);
  expect(free.data).toEqual(without.data);
});

const rows = modelsTable("ControlNets");
const nameOf = (proof: string): string => proof.replace(/^control-|\.zst$/g, "");

test("every row of the table has its own file, every file a row, and every file that is read its answers", () => {
  const files = readdirSync(goldenPath("models")).filter((name) => name.startsWith("control-"));
  expect(rows.map(({ proof }) => proof).toSorted()).toEqual(files.toSorted());
  const read = rows.filter(({ here }) => here === "read");
  expect(read.map(({ proof }) => nameOf(proof)).toSorted()).toEqual(Object.keys(held).toSorted());
});

for (const { kind, here, proof } of rows)
  test(`${kind}: ${here}`, () => {
    const path = controlFile(nameOf(proof));
    const look = () => locatePart(controlSource, checkpoint, openWeights(path));
    if (here === "read") {
      expect(look().notes).toEqual([]);
      return;
    }
    const reason = /^refused: (.+)$/.exec(here)?.[1] ?? "a row says read, or refused and why";
    expect(look).toThrow(ModelError);
    expect(look).toThrow(reason);
    try {
      look();
    } catch (thrown) {
      const { message } = thrown as ModelError;
      expect(message).toStartWith(basename(path));
      expect(message).not.toContain(dirname(path));
    }
  });
