import type { Config } from "#/config/schema.ts";
import { EngineError } from "#/lib/errors.ts";
import { cudaPlace } from "#/native/cuda/folder.ts";
import { lookAtCuda } from "#/native/cuda/look.ts";
import { troubleSentence } from "#/native/cuda/trouble.ts";

/**
 * Ends a start whose settings leave nothing to work on: `providers`, or each of `engines`, is `cuda`, and that cannot be used. Better than a server
 * that fails each task with the same words.
 *
 * @throws EngineError `provider-missing` with everything that is the matter
 */
export async function refuseUnusableCuda({
  providers,
  engines,
  cuda_libraries,
}: Pick<Config, "providers" | "engines" | "cuda_libraries">): Promise<void> {
  const [setting, named] = engines.length === 0 ? ["providers", providers] : ["engines", engines];
  if (named.length === 0 || named.some((device) => !device.startsWith("cuda"))) return;
  const { troubles } = await lookAtCuda({ place: cudaPlace(cuda_libraries), asks: true });
  if (troubles.length === 0) return;
  const sentences = troubles.map(troubleSentence).join(" ");
  throw new EngineError(
    "provider-missing",
    `${setting} is cuda alone, and CUDA cannot be used. ${sentences} Or set ${setting} to cuda,cpu: then the processor works until that is mended.`,
  );
}
