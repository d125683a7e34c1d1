import { existsSync, lstatSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError } from "#/lib/errors.ts";

/** ONNX Runtime's own halves of the CUDA provider; both must be of exactly the version of libonnxruntime. */
const providers = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"] as const;

/**
 * Puts ONNX Runtime's CUDA provider where it is looked for: beside the libonnxruntime that is open. The files are
 * linked, not copied (the larger one has several hundred megabytes). CUDA and cuDNN themselves are found by the
 * dynamic linker (`LD_LIBRARY_PATH`, ld.so.conf). Not yet run on a machine with a GPU.
 *
 * @param source  folder with the two files, as taken from the NuGet package Microsoft.ML.OnnxRuntime.Gpu.Linux
 * @param library folder of libonnxruntime, see `libraryFolder`
 * @throws EngineError `provider-missing` naming the file that is not there
 */
export function linkCudaProviders(source: string, library: string): void {
  for (const name of providers) {
    const file = resolve(source, name);
    if (!existsSync(file)) {
      throw new EngineError(
        "provider-missing",
        `CUDA needs ${file}, which does not exist. Put the provider libraries of the same ONNX Runtime version there ` +
          "(docs/deployment.md says where they come from), or leave the folder unset to run without CUDA.",
        { file },
      );
    }
    const link = join(library, name);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) {
      if (lstatSync(link).isSymbolicLink() && readlinkSync(link) === file) continue;
      rmSync(link);
    }
    symlinkSync(file, link);
  }
}
