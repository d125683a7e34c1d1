import { existsSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#/lib/errors.ts";

export type Provider = "cuda" | "webgpu" | "cpu";

/** A provider that was asked for and cannot be used here, and why. */
export type Refusal = Readonly<{ provider: Provider; reason: string }>;

/** Libraries of the CUDA provider; the runtime looks for them beside its own library. */
const cudaLibraries = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/**
 * Which providers to try, in order. `auto` means CUDA where its libraries lie, and always the CPU last; the runtime
 * itself throws on a provider it knows but cannot load and silently drops one it does not know, so we look first.
 *
 * @param wanted        `auto`, or a list in order of preference
 * @param libraryFolder where the runtime's own shared library lies
 * @throws EngineError `provider-missing` if nothing of an explicit list can be used
 */
export function chooseProviders(
  wanted: "auto" | readonly Provider[],
  libraryFolder: string | undefined,
): { providers: readonly Provider[]; refused: readonly Refusal[] } {
  const refused: Refusal[] = [];
  const providers = (wanted === "auto" ? (["cuda", "cpu"] as const) : wanted).filter((provider) => {
    const missing = provider === "cuda" ? missingCuda(libraryFolder) : undefined;
    if (missing !== undefined) refused.push({ provider, reason: missing });
    return missing === undefined;
  });
  if (providers.length > 0) return { providers, refused };
  const why = refused.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
  throw new EngineError(
    "provider-missing",
    `None of the configured providers can be used (${why}). Add cpu to the list.`,
  );
}

function missingCuda(folder: string | undefined): string | undefined {
  if (folder === undefined) return "the folder of the runtime's libraries is not known";
  const missing = cudaLibraries.filter((name) => !existsSync(join(folder, name)));
  return missing.length === 0 ? undefined : `${missing.join(", ")} not found in ${folder}`;
}
