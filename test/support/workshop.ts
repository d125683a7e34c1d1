import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Operators, operators } from "#/graph/operators.ts";
import { silentLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import type { Workshop } from "#/runtime/job-network.ts";
import { Residency } from "#/runtime/residency.ts";
import { DefiningResidency } from "./defining-residency.ts";
import { elsewhere } from "./elsewhere.ts";

/** That of the device that the run is on, where it is one of its own. */
function tableOf(usual: Operators): Operators {
  if (elsewhere === undefined) return usual;
  const own: Operators = operators[elsewhere.device];
  return { ...own, compute: elsewhere.compute ?? own.compute };
}

/** What the networks of a test are opened with: one thread, and derived files in a folder that goes with it. */
export function openWorkshop(
  table: Operators = operators.cpu,
  weights: "in-place" | "packed" = "in-place",
): Workshop & { folder: string; close: () => Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-workshop-"));
  const device = elsewhere?.defined === true ? "cpu" : (elsewhere?.device ?? "cpu");
  const Kept = elsewhere?.defined === true ? DefiningResidency : Residency;
  const residency = new Kept({ device, weights, threads: 1 }, { bytes: 2 ** 30 }, silentLog);
  const derived = new DerivedFiles({ folder, budget: 2 ** 30 }, silentLog);
  const close = async (): Promise<void> => {
    await residency.close();
    rmSync(folder, { recursive: true });
  };
  return { operators: tableOf(table), residency, derived, folder, close };
}
