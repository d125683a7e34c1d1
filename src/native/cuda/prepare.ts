import { AppError } from "#/lib/errors.ts";
import type { Trial } from "../try-device.ts";
import { openLibrary } from "./c-library.ts";
import { linkCudaProviders } from "./link-providers.ts";
import { type Looking, lookAtCuda } from "./look.ts";
import { openCudaLibraries } from "./open-libraries.ts";
import { troubleSentence } from "./trouble.ts";

/** Why CUDA cannot be used. */
export type CudaRefusal = Readonly<{
  reason: string;
  /** Whether somebody would have expected that it can: the libraries are installed, a folder was named for them, or a driver is there. */
  expected: boolean;
}>;

/** Where its parts were found: the folder with the provider, and the driver's library. */
type CudaFound = Readonly<{ folder: string; driver?: string }>;

/**
 * Makes this process ready for ONNX Runtime's CUDA provider: looks whether it can be used, puts it where it is looked for, has it
 * tried, and opens its libraries.
 *
 * @param library folder of libonnxruntime
 * @param trial   by which it is tried in a process of its own; without it, it is not
 */
export async function prepareCuda(
  looking: Looking,
  library: string,
  trial?: Trial,
): Promise<CudaRefusal | undefined> {
  const found = await cudaFound(looking, library, trial);
  if ("reason" in found) return found;
  const lack = openCuda(found.folder, found.driver);
  return lack === undefined ? undefined : { reason: lack, expected: true };
}

/** Why CUDA cannot be used, found out without opening anything in this process; see {@link prepareCuda}. */
export async function cudaRefusal(
  looking: Looking,
  library: string,
  trial: Trial,
): Promise<CudaRefusal | undefined> {
  const found = await cudaFound(looking, library, trial);
  return "reason" in found ? found : undefined;
}

/**
 * Opens CUDA's libraries, so that the provider finds them.
 *
 * @param folder with the provider
 * @param driver the driver's library, by the name or path that it was found by
 * @returns what keeps them from being opened, in a sentence
 */
export function openCuda(folder: string, driver: string | undefined): string | undefined {
  if (driver !== undefined) openLibrary(driver);
  const unopened = openCudaLibraries(folder);
  return unopened === undefined ? undefined : troubleSentence({ kind: "library-unopened", ...unopened });
}

async function cudaFound(
  looking: Looking,
  library: string,
  trial: Trial | undefined,
): Promise<CudaFound | CudaRefusal> {
  const { folder, installed, driver, troubles } = await lookAtCuda(looking);
  if (troubles.length > 0)
    return {
      reason: troubles.map(troubleSentence).join(" "),
      expected: installed || !looking.place.isOwn || (driver !== undefined && driver.kind !== "none"),
    };
  try {
    linkCudaProviders(folder, library);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return { reason: thrown.message, expected: true };
  }
  const found = { folder, ...(driver?.kind === "answers" ? { driver: driver.library } : {}) };
  const reason = await trial?.("cuda", Object.values(found));
  return reason === undefined ? found : { reason, expected: true };
}
