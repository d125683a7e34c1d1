import { afterAll, expect, test } from "bun:test";
import { ConfigSchema } from "#/config/schema.ts";
import { silentLog } from "#/lib/log.ts";
import { networks } from "#/networks/index.ts";
import { jobNetwork } from "#/runtime/job-network.ts";
import { Residency } from "#/runtime/residency.ts";
import { type DType } from "#/weights/dtype.ts";
import type { PartSource } from "#/weights/layouts/part-source.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { locatedFor } from "../../support/network-tensors.ts";
import { headerOf, sdxlBase, sdxlShapes } from "../../support/sdxl-layout.ts";
import { openWorkshop } from "../../support/workshop.ts";

/** How SDXL base in its real size, known by its header, fits into budgets. */
const workshop = openWorkshop();
afterAll(() => workshop.close());

const requests = (dtype: DType) => {
  const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sdxlBase), "/sd_xl_base_1.0.safetensors", dtype));
  const locate = (source: PartSource) => locatedFor(source, checkpoint, sdxlBase);
  const files = { checkpoint, loras: [], own: {}, locate, preview: () => undefined };
  // Those of a plain job.
  const used = ["unet", "text-l", "text-g", "vae-decoder", "vae-encoder"] as const;
  return used.map((name) => jobNetwork(networks[name], files, { clipSkip: 2 }, workshop).request);
};

const start = (budget: number, dtype: DType) => () => {
  const options = { device: "cpu", weights: "in-place", threads: 1 } as const;
  new Residency(options, { bytes: budget }, silentLog).startJob(requests(dtype));
};

test("sizes are known before anything is opened: in float16 the UNet is the largest, and all are 6.9 GB", () => {
  const sizes = requests("F16").map(({ name, bytes }) => ({ name, bytes: bytes() }));
  const [largest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
  expect(largest?.name).toBe("unet");
  const inline = (largest?.bytes ?? 0) - 2 * 2_567_463_684; // its vectors are float32 inside the graph
  expect(inline).toBeGreaterThan(0);
  expect(inline).toBeLessThan(4e6);
  expect(sizes.reduce((sum, { bytes }) => sum + bytes, 0) / 1e9).toBeCloseTo(6.9, 1);
});

test("the default budget takes it in float16 and in float32; a smaller one says both numbers", () => {
  const usual = ConfigSchema.properties.memory_budget.default as number;
  expect(start(usual, "F16")).not.toThrow();
  expect(start(usual, "F32")).not.toThrow();
  expect(start(8 * 1024 ** 3, "F16")).not.toThrow();
  expect(start(5e9, "F16")).toThrow(
    "The task needs 5.14 GB of weights open at once, for the network unet of sd_xl_base_1.0.safetensors; memory_budget allows 5 GB.",
  );
});
