import { existsSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#/lib/errors.ts";

export type Provider = "cuda" | "webgpu" | "cpu";

/** A provider that was asked for and cannot be used here, and why; `installed` if its libraries are there at least. */
export type Refusal = Readonly<{ provider: Provider; reason: string; installed: boolean }>;

/** Libraries of the CUDA provider; the runtime looks for them beside its own library. */
const cudaLibraries = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/**
 * The provider to work with: the first that works. `auto` means CUDA, then the CPU. The runtime throws on a provider it
 * knows but cannot load, and has no way from there to the next one, so each is tried before it is chosen; the CPU needs no
 * trial.
 *
 * @param wanted        `auto`, or a list in order of preference
 * @param libraryFolder where the runtime's own shared library lies
 * @param probe         opens something small on a provider, and throws what the runtime throws
 * @returns the choice, and why those before it were passed over
 * @throws EngineError `provider-missing` if nothing of an explicit list can be used
 */
export async function chooseProvider(
  wanted: "auto" | readonly Provider[],
  libraryFolder: string | undefined,
  probe: (provider: Provider) => Promise<void>,
): Promise<Readonly<{ provider: Provider; refused: readonly Refusal[] }>> {
  const refused: Refusal[] = [];
  for (const provider of wanted === "auto" ? (["cuda", "cpu"] as const) : wanted) {
    const refusal = await tried(provider, libraryFolder, probe);
    if (refusal === undefined) return { provider, refused };
    refused.push(refusal);
  }
  const why = refused.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
  throw new EngineError(
    "provider-missing",
    `None of the configured providers can be used (${why}). Add cpu to the list.`,
  );
}

async function tried(
  provider: Provider,
  libraryFolder: string | undefined,
  probe: (provider: Provider) => Promise<void>,
): Promise<Refusal | undefined> {
  if (provider === "cpu") return undefined;
  const missing = provider === "cuda" ? missingCuda(libraryFolder) : undefined;
  if (missing !== undefined) return { provider, reason: missing, installed: false };
  try {
    await probe(provider);
    return undefined;
  } catch (thrown) {
    return { provider, reason: thrown instanceof Error ? thrown.message : String(thrown), installed: true };
  }
}

function missingCuda(folder: string | undefined): string | undefined {
  if (folder === undefined) return "the folder of the runtime's libraries is not known";
  const missing = cudaLibraries.filter((name) => !existsSync(join(folder, name)));
  return missing.length === 0 ? undefined : `${missing.join(", ")} not found in ${folder}`;
}
