import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { networks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import { readJobFiles } from "#/runtime/job-files.ts";
import { jobNetwork } from "#/runtime/job-network.ts";
import { expansionModel } from "../../support/expansion-files.ts";
import { goldenPath, tinyCheckpoint, tinySafety } from "../../support/golden.ts";
import { packedModel } from "../../support/packed-model.ts";
import { upscalerFile } from "../../support/upscaler-file.ts";
import { openWorkshop } from "../../support/workshop.ts";

setDefaultTimeout(60_000);

const base = await tinyCheckpoint();
const prompt_expansion = await expansionModel();
const inpaint = goldenPath("inpaint-head.pth");
const upscale_models = upscalerFile("fooocus.bin");
const whole = [packedModel("control-ldm.safetensors")];
const factors = [packedModel("control-lora.safetensors")];
const ip_adapter = [packedModel("adapter-plus.bin")];
const clip_vision = [packedModel("vision-open-clip.safetensors")];
const prompts = { ip_adapter, clip_vision };
const sam = packedModel("sam-tiny.safetensors");
const detector = packedModel("detector-tiny.safetensors");
const face_detector = packedModel("face-f32.safetensors");
const safety_checker = await tinySafety();
const parts = {
  sam,
  detector,
  face_detector,
  safety_checker,
  prompt_expansion,
  inpaint,
  upscale_models,
  controlnet: whole,
  ...prompts,
};
const workshop = openWorkshop();
afterAll(() => workshop.close());

const [sgm, diffusers] = ["tiny-lora-sgm.safetensors", "tiny-lora-diffusers.safetensors"].map((name) => ({
  path: goldenPath(name),
  weight: 1,
}));
type Loras = Parameters<typeof readJobFiles>[0]["loras"];
const both: Loras = [sgm!, diffusers!];

const inJob = (network: Network, loras: Loras = [], clipSkip = 2) =>
  jobNetwork(network, readJobFiles({ base, loras, ...parts }, []), { clipSkip }, workshop);
const keyOf = (...asked: Parameters<typeof inJob>): string => inJob(...asked).request.key;

test("a network is known by what its graph depends on, and by no more", () => {
  const all = Object.values(networks);
  expect(new Set(all.map((network) => keyOf(network))).size).toBe(all.length);
  const withSkip = all.filter((network) => keyOf(network, [], 1) !== keyOf(network, [], 2));
  expect(withSkip.map(({ name }) => name)).toEqual(["text-l", "text-g", "text-l-vectors", "text-g-vectors"]);
  const withLoras = all.filter((network) => keyOf(network, both) !== keyOf(network));
  const changed: readonly string[] = [
    "unet",
    "text-keys",
    "text-l",
    "text-g",
    "text-l-vectors",
    "text-g-vectors",
  ];
  expect(withLoras.map(({ name }): string => name)).toEqual([...changed]);
  const halved = both.map((lora) => ({ ...lora, weight: 0.5 })).toReversed();
  for (const network of all) expect(keyOf(network, halved)).toBe(keyOf(network, both));
});

test("what a network will take is known before it is opened, but for the header of its joined LoRAs", async () => {
  const { residency } = workshop;
  const opened = async (network: Network, loras: Loras = []) => {
    const { request } = inJob(network, loras);
    await residency.session(request);
    const bytes = residency.resident.at(-1)?.bytes ?? 0;
    return { bytes, foreseen: request.bytes() };
  };
  for (const network of Object.values(networks)) {
    const { bytes, foreseen } = await opened(network);
    expect(foreseen).toBe(bytes);
  }
  const plain = await opened(networks.unet);
  const { bytes, foreseen } = await opened(networks.unet, both);
  expect(bytes).toBeGreaterThan(plain.bytes);
  expect(foreseen).toBeGreaterThanOrEqual(bytes);
  expect(foreseen - bytes).toBeLessThan(64 * 1024);
});

test("the same goes for LoRAs that change weights, most of which need no derived file", async () => {
  const families = ["loha", "boft", "full-difference"].map((name) => ({
    path: goldenPath(`models/lora-${name}.safetensors`),
    weight: 1,
  }));
  for (const network of [networks.unet, networks["text-g"]]) {
    const { residency } = workshop;
    const { request } = inJob(network, families);
    await residency.session(request);
    const bytes = residency.resident.at(-1)?.bytes ?? 0;
    expect(request.bytes()).toBeGreaterThanOrEqual(bytes);
    expect(request.bytes() - bytes).toBeLessThan(64 * 1024);
    expect(keyOf(network, families)).toBe(
      keyOf(
        network,
        families.map((lora) => ({ ...lora, weight: -3 })),
      ),
    );
  }
});

test("an inpaint patch changes the denoising network alone, which is another one with it and has other keys of the text; its size is foreseen", async () => {
  const patch = goldenPath("inpaint-patch.patch");
  const patched = (network: Network) =>
    jobNetwork(network, readJobFiles({ base, loras: [], ...parts, patch }, []), { clipSkip: 2 }, workshop);
  const changed = Object.values(networks).filter(
    (network) => patched(network).request.key !== keyOf(network),
  );
  expect(changed.map(({ name }) => name)).toEqual(["unet", "text-keys"]);
  const { residency } = workshop;
  const { request } = patched(networks.unet);
  await residency.session(request);
  const bytes = residency.resident.at(-1)?.bytes ?? 0;
  expect(Math.abs(request.bytes() - bytes)).toBeLessThan(64 * 1024);
});

test("a Control-LoRA is another network with LoRAs and with a patch, shares the base model's bytes, and its size is foreseen", async () => {
  const asked = (loras: Loras, patch?: string) =>
    jobNetwork(
      networks.controlnet,
      readJobFiles({ base, loras, controlnet: factors, ...(patch === undefined ? {} : { patch }) }, []),
      { clipSkip: 2 },
      workshop,
    ).request;
  const patch = goldenPath("inpaint-patch.patch");
  const all = [asked([]), asked(both), asked([], patch), asked(both, patch)];
  expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
  const { residency } = workshop;
  for (const request of all) {
    await residency.session(request);
    const bytes = residency.resident.at(-1)?.bytes ?? 0;
    expect(Math.abs(request.bytes() - bytes)).toBeLessThan(64 * 1024);
  }
  const checkpoint = readJobFiles({ base, loras: [] }, []).checkpoint;
  const graph = await asked([]).draw();
  const shared = [...graph.weights.values()].filter(({ ref }) => ref.path === checkpoint.path);
  const unet = new Set([...checkpoint.unet.values()].map(({ offset }) => offset));
  expect(shared.length).toBeGreaterThan(50);
  expect(shared.every(({ ref }) => unet.has(ref.offset))).toBe(true);
});
