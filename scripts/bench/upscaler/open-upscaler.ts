import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operators } from "#/graph/operators.ts";
import { silentLog } from "#/lib/log.ts";
import { type Ask, askerOf } from "#/runtime/ask.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { jobNetwork } from "#/runtime/job-network.ts";
import { Residency } from "#/runtime/residency.ts";
import { type Upscaler, upscalerOf } from "#/runtime/upscaler/super-resolve.ts";
import { upscalerTensors } from "#/weights/layouts/upscaler.ts";
import { openWeights } from "#/weights/open-weights.ts";

/** An upscaler's file as a job has it, without a checkpoint beside it. */
export function openUpscaler(
  path: string,
  threads: number,
): Readonly<{ ask: Ask; upscaler: Upscaler; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-upscaler-"));
  const residency = new Residency({ device: "cpu", weights: "in-place", threads }, { bytes: 0 }, silentLog);
  const workshop = {
    operators: operators.cpu,
    residency,
    derived: new DerivedFiles({ folder, budget: 2 ** 30 }, silentLog),
  };
  const file = openWeights(path);
  const located = { file, ...upscalerTensors(file) };
  const files = { loras: [], locate: () => located };
  const ask = askerOf((network) => jobNetwork(network, files, { clipSkip: 2 }, workshop), residency);
  const close = async (): Promise<void> => {
    await residency.close();
    rmSync(folder, { recursive: true });
  };
  return { ask, upscaler: upscalerOf(ask, files), close };
}
