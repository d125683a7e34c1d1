import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Operators, operators } from "#/graph/operators.ts";
import { silentLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import type { Workshop } from "#/runtime/job-network.ts";
import { Residency } from "#/runtime/residency.ts";

/** What the networks of a test are opened with: one thread, and derived files in a folder that goes with it. */
export function openWorkshop(
  table: Operators = operators.cpu,
  weights: "in-place" | "packed" = "in-place",
): Workshop & { folder: string; close: () => Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-workshop-"));
  const residency = new Residency({ provider: "cpu", weights, threads: 1 }, { bytes: 2 ** 30 }, silentLog);
  const derived = new DerivedFiles({ folder, budget: 2 ** 30 }, silentLog);
  const close = async (): Promise<void> => {
    await residency.close();
    rmSync(folder, { recursive: true });
  };
  return { operators: table, residency, derived, folder, close };
}
