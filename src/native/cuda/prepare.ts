import { AppError } from "#/lib/errors.ts";
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

/**
 * Makes this process ready for ONNX Runtime's CUDA provider: looks whether it can be used, opens its libraries, and puts it where it
 * is looked for.
 *
 * @param library folder of libonnxruntime
 */
export async function prepareCuda(looking: Looking, library: string): Promise<CudaRefusal | undefined> {
  const { folder, installed, driver, troubles } = await lookAtCuda(looking);
  if (troubles.length > 0)
    return {
      reason: troubles.map(troubleSentence).join(" "),
      expected: installed || !looking.place.isOwn || (driver !== undefined && driver.kind !== "none"),
    };
  try {
    if (driver?.kind === "answers") openLibrary(driver.library);
    const unopened = openCudaLibraries(folder);
    if (unopened !== undefined)
      return { reason: troubleSentence({ kind: "library-unopened", ...unopened }), expected: true };
    linkCudaProviders(folder, library);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return { reason: thrown.message, expected: true };
  }
}
