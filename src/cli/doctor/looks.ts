import type { Config } from "#/config/schema.ts";
import { engineEntry } from "#/lib/devices.ts";
import { cudaPlace } from "#/native/cuda/folder.ts";
import { type CudaLook, lookAtCuda } from "#/native/cuda/look.ts";
import { withOneCard } from "#/native/cuda/visible-card.ts";

/** What there is of CUDA for an entry of `engines`; for all that works on it, where none names it. */
export type EntryLook = Readonly<{ entry?: string; look: CudaLook }>;

/**
 * Looks at CUDA as the engines of a server will: each entry `cuda:N` of `engines` at its own card.
 *
 * @throws EngineError `bad-setting` where an entry names a card that is hidden
 */
export async function looksAt(
  { providers, engines, cuda_libraries }: Pick<Config, "providers" | "engines" | "cuda_libraries">,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly EntryLook[]> {
  const place = cudaPlace(cuda_libraries);
  const looks: EntryLook[] = [];
  for (const entry of new Set(engines)) {
    const { device, gpu } = engineEntry(entry);
    if (device !== "cuda") continue;
    const asking = gpu === undefined ? {} : { environment: withOneCard(gpu, environment) };
    looks.push({ entry, look: await lookAtCuda({ place, asks: true, asking }) });
  }
  if (looks.length > 0) return looks;
  return [{ look: await lookAtCuda({ place, asks: providers.includes("cuda") }) }];
}
