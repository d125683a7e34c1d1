import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { networks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import { readJobFiles } from "#/runtime/job-files.ts";
import { jobNetwork } from "#/runtime/job-network.ts";
import { goldenPath, tinyCheckpoint } from "../../support/golden.ts";
import { packedModel } from "../../support/packed-model.ts";
import { openWorkshop } from "../../support/workshop.ts";

/** What of a job's networks is in 8 bits. */
setDefaultTimeout(60_000);

const base = await tinyCheckpoint();
const workshop = openWorkshop();
afterAll(() => workshop.close());

const inJob = (network: Network, files: object = {}, fast = true) =>
  jobNetwork(network, readJobFiles({ base, loras: [], ...files }, []), { clipSkip: 2, fast }, workshop);
const plansOf = (network: Network, files: object = {}): readonly string[] =>
  inJob(network, files)
    .request.coded!.files()
    .map(({ plan, sources }) => JSON.stringify([plan, sources.map(({ path }) => path)]));
const opsOf = async (network: Network, files: object = {}, fast = true) => {
  const { nodes } = await inJob(network, files, fast).request.draw();
  const count = (name: string): number => nodes.filter(({ op }) => op === name).length;
  return { coded: count("MatMulIntegerToFloat"), conv: count("Conv"), gemm: count("Gemm") };
};

test("the UNet, its copies and the text encoders have layers in 8 bits where a job wants them, and are others then", () => {
  for (const network of Object.values<Network>(networks)) {
    if (network.from.checkpoint === undefined) continue;
    const { key, coded } = inJob(network).request;
    expect([network.name, key === inJob(network, {}, false).request.key]).toEqual([
      network.name,
      network.eightBits === undefined,
    ]);
    expect(coded === undefined).toBe(network.eightBits === undefined);
  }
  expect(inJob(networks.unet, {}, false).request.coded).toBeUndefined();
});

test("ends of the UNet, what is one row for a picture and what reads the text keep their precision", async () => {
  const { coded, conv, gemm } = await opsOf(networks.unet);
  const whole = await opsOf(networks.unet, {}, false);
  expect(whole.coded).toBe(0);
  expect(coded).toBeGreaterThan(100);
  const { tensors } = inJob(networks.unet).located;
  const skips = [...tensors.keys()].filter((key) => key.endsWith("skip_connection.weight"));
  expect(conv).toBe(2 + skips.length);
  const { nodes } = await inJob(networks.unet, {}, false).request.draw();
  const rows = nodes.filter(({ op, inputs }) => op === "Gemm" && /emb|attn2\.to_[kv]/.test(inputs[1] ?? ""));
  expect(rows.some(({ inputs }) => inputs[1]?.includes("attn2.to_k"))).toBe(true);
  expect(gemm).toBe(rows.length);
});

test("weights that a patch changes keep their precision, and are counted", async () => {
  const patch = goldenPath("inpaint-patch.patch");
  const { layers, full } = inJob(networks.unet, { patch }).request.coded!.kept();
  expect(full).toBeGreaterThan(0);
  expect(full).toBeLessThanOrEqual(layers);
  const [plain, patched] = [await opsOf(networks.unet), await opsOf(networks.unet, { patch })];
  expect(patched.coded).toBeLessThan(plain.coded);
  // The files are the same whatever a job changes.
  expect(plansOf(networks.unet, { patch })).toEqual(plansOf(networks.unet));
});

test("a Control-LoRA has the UNet's own files, a ControlNet others", () => {
  const unet = plansOf(networks.unet);
  const factors = plansOf(networks.controlnet, { controlnet: [packedModel("control-lora.safetensors")] });
  expect(factors.slice(0, unet.length)).toEqual([...unet]);
  const whole = plansOf(networks.controlnet, { controlnet: [packedModel("control-ldm.safetensors")] });
  expect(whole.filter((plan) => unet.includes(plan))).toEqual([]);
  expect(whole.length).toBeGreaterThan(0);
});

test("what a network will take is known before its files are there", async () => {
  const { bytes, draw } = inJob(networks.unet).request;
  const planned = bytes();
  const before = inJob(networks.unet, {}, false).request.bytes();
  expect(planned).toBeLessThan(before);
  const graph = await draw();
  const weights = [...graph.weights.values()].reduce((sum, { ref }) => sum + ref.length, 0);
  expect(planned / weights).toBeGreaterThan(0.95);
  expect(planned / weights).toBeLessThan(1.1);
});
