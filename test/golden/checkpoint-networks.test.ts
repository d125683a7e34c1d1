import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Networks, openNetworks } from "#/runtime/models.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, relativeError } from "../support/golden.ts";
import { unetInputs } from "../support/unet-inputs.ts";
import { openWorkshop } from "../support/workshop.ts";

/** Against diffusers and transformers on the same weights (scripts/golden/checkpoint_networks.py); the bound of networks.test.ts. */
const tolerance = 1e-4;

setDefaultTimeout(300_000);

const golden = goldenTensors("checkpoint-networks.safetensors");
const folder = mkdtempSync(join(tmpdir(), "checkpoint-networks-"));
const workshop = openWorkshop();
afterAll(async () => {
  await workshop.close();
  rmSync(folder, { recursive: true });
});

/** A packed checkpoint, unpacked under its own name. */
function fileOf(kind: string): string {
  const name = `checkpoint-${kind}.safetensors`;
  const path = join(folder, name);
  writeFileSync(path, Bun.zstdDecompressSync(readFileSync(goldenPath(`models/${name}.zst`))));
  return path;
}

const predict = ({ unet }: Networks): Promise<Tensor> =>
  unet(unetInputs(golden("sample"), 499, golden("context"), golden("y")));

/** The first tokens, of which the golden has as many as it needs. */
function firstTokens({ dims, data }: Tensor): Tensor {
  const [batch = 1, , width = 1] = dims;
  return { dims: [batch, 9, width], data: data.slice(0, 9 * width) };
}

for (const kind of ["ssd-1b", "vega", "koala-700m", "koala-1b"]) {
  test(`a UNet as deep as ${kind}'s answers as diffusers does with its names`, async () => {
    const answer = await predict(openNetworks({ base: fileOf(kind), loras: [] }, { clipSkip: 2 }, workshop));
    expectNear(answer, golden(`${kind}.prediction`), tolerance);
  });
}

for (const kind of ["ssd-1b", "koala-1b"]) {
  test(`a LoRA in diffusers' names finds its modules in ${kind} by their place`, async () => {
    const base = fileOf(kind);
    const path = goldenPath(`${kind}-lora.safetensors`);
    expect(readLora(path, sdxlCheckpoint(openWeights(base)), 1).notes).toEqual([]);
    const answer = await predict(
      openNetworks({ base, loras: [{ path, weight: 1 }] }, { clipSkip: 2 }, workshop),
    );
    expectNear(answer, golden(`${kind}.lora`), tolerance);
    expect(relativeError(golden(`${kind}.prediction`), golden(`${kind}.lora`))).toBeGreaterThan(0.01);
  });
}

const types = [
  "f64",
  "f32",
  "bf16",
  "f16",
  "mixed",
  "base",
  "f8",
  "f8-e5m2",
  "f8-scaled",
  "f8-comfy",
  "f8-listed",
];

for (const kind of types) {
  test(`weights stored as ${kind}: UNet, both text encoders and the VAE answer as torch does`, async () => {
    const networks = openNetworks({ base: fileOf(kind), loras: [] }, { clipSkip: 1 }, workshop);
    const ids = [...golden("ids").data];
    const answers = {
      prediction: await predict(networks),
      hidden_l: firstTokens((await networks.textL(ids)).hidden),
      hidden_g: firstTokens((await networks.textG(ids)).hidden),
      image: await networks.decode(golden("latent")),
    };
    for (const [name, answer] of Object.entries(answers))
      expectNear(answer, golden(`${kind}.${name}`), tolerance);
  });
}
