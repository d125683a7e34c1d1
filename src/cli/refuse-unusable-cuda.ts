import type { Config } from "#/config/schema.ts";
import { EngineError } from "#/lib/errors.ts";
import { cudaPlace } from "#/native/cuda/folder.ts";
import { lookAtCuda } from "#/native/cuda/look.ts";
import { troubleSentence } from "#/native/cuda/trouble.ts";

/**
 * Ends a start whose settings leave nothing to work on: `providers` is `cuda` alone, and that cannot be used. Better than a server
 * that fails each task with the same words.
 *
 * @throws EngineError `provider-missing` with everything that is the matter
 */
export async function refuseUnusableCuda({ providers, cuda_libraries }: Config): Promise<void> {
  if (providers.length === 0 || providers.some((device) => device !== "cuda")) return;
  const { troubles } = await lookAtCuda({ place: cudaPlace(cuda_libraries), asks: true });
  if (troubles.length === 0) return;
  const sentences = troubles.map(troubleSentence).join(" ");
  throw new EngineError(
    "provider-missing",
    `providers is cuda alone, and CUDA cannot be used. ${sentences} Or set providers to cuda,cpu: then the processor works until that is mended.`,
  );
}
