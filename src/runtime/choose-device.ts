import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "#/lib/devices.ts";
import { EngineError } from "#/lib/errors.ts";

/** A device that was asked for and cannot be used here, and why; `installed` if its libraries are there at least. */
export type Refusal = Readonly<{ device: Device; reason: string; installed: boolean }>;

/** Libraries of the CUDA provider; the runtime looks for them beside its own library. */
const cudaLibraries = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/**
 * The device to work on: the first that works. `auto` means CUDA, then the CPU. The runtime throws on the provider of one
 * that it knows but cannot load, and has no way from there to the next one, so each is tried before it is chosen; the CPU needs no
 * trial.
 *
 * @param wanted        `auto`, or a list in order of preference
 * @param libraryFolder where the runtime's own shared library lies
 * @param probe         opens something small on a device, and throws what the runtime throws
 * @returns the choice, and why those before it were passed over
 * @throws EngineError `provider-missing` if nothing of an explicit list can be used
 */
export async function chooseDevice(
  wanted: "auto" | readonly Device[],
  libraryFolder: string | undefined,
  probe: (device: Device) => Promise<void>,
): Promise<Readonly<{ device: Device; refused: readonly Refusal[] }>> {
  const refused: Refusal[] = [];
  for (const device of wanted === "auto" ? (["cuda", "cpu"] as const) : wanted) {
    const refusal = await tried(device, libraryFolder, probe);
    if (refusal === undefined) return { device, refused };
    refused.push(refusal);
  }
  const why = refused.map(({ device, reason }) => `${device}: ${reason}`).join("; ");
  throw new EngineError(
    "provider-missing",
    `None of the configured providers can be used (${why}). Add cpu to the list.`,
  );
}

async function tried(
  device: Device,
  libraryFolder: string | undefined,
  probe: (device: Device) => Promise<void>,
): Promise<Refusal | undefined> {
  if (device === "cpu") return undefined;
  const missing = device === "cuda" ? missingCuda(libraryFolder) : undefined;
  if (missing !== undefined) return { device, reason: missing, installed: false };
  try {
    await probe(device);
    return undefined;
  } catch (thrown) {
    return { device, reason: thrown instanceof Error ? thrown.message : String(thrown), installed: true };
  }
}

function missingCuda(folder: string | undefined): string | undefined {
  if (folder === undefined) return "the folder of the runtime's libraries is not known";
  const missing = cudaLibraries.filter((name) => !existsSync(join(folder, name)));
  return missing.length === 0 ? undefined : `${missing.join(", ")} not found in ${folder}`;
}
