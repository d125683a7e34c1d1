import { existsSync, lstatSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError } from "#/lib/errors.ts";

/** ONNX Runtime's own halves of the CUDA provider; both must be of exactly the version of libonnxruntime. */
export const providers = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"] as const;

/**
 * Puts ONNX Runtime's CUDA provider where it is looked for: beside the libonnxruntime that is open. The files are
 * linked, not copied (the larger one has several hundred megabytes). What is there already under that name is replaced: ONNX Runtime
 * takes no other, and it may be of another version.
 *
 * @param source  folder with the two files
 * @param library folder of libonnxruntime, see `libraryFolder`
 * @throws EngineError `provider-missing` naming the file that is not there, `storage-failed` where no link can be made
 */
export function linkCudaProviders(source: string, library: string): void {
  for (const name of providers) {
    const file = resolve(source, name);
    if (!existsSync(file))
      throw new EngineError("provider-missing", `CUDA needs ${file}, which does not exist.`, { file });
    link(file, join(library, name));
  }
}

function link(file: string, place: string): void {
  if (file === place) return;
  const there = lstatSync(place, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() === true && readlinkSync(place) === file) return;
  const fresh = `${place}.${process.pid}`;
  try {
    rmSync(fresh, { force: true });
    symlinkSync(file, fresh);
    // In one step: another engine may be looking for it.
    renameSync(fresh, place);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${place} cannot be linked to ${file}, and ONNX Runtime looks for its provider there alone: ${reason}.`;
    throw new EngineError("storage-failed", message, { file: place }, cause);
  }
}
