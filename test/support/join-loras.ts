import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { planJoin } from "#/weights/derived/join-plan.ts";
import { type JoinedLoras, readJoined, writeJoined } from "#/weights/derived/joined-loras.ts";
import type { LoraBranches } from "#/weights/lora/lora.ts";

/** Joins LoRAs in a file of the temporary folder, for graphs that are drawn without a workshop. */
export async function joinLoras(
  set: readonly LoraBranches[],
  weights: WeightMap,
): Promise<Readonly<{ loras: JoinedLoras; remove: () => void }>> {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-joined-"));
  const path = join(folder, "joined.safetensors");
  const plan = planJoin(set, weights);
  await writeJoined(plan, path);
  const loras = readJoined(plan, path);
  if (loras === undefined) throw new Error(`${path} was not written as planned`);
  return { loras, remove: () => rmSync(folder, { recursive: true }) };
}
