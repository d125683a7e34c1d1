import { dlopen } from "bun:ffi";
import { dirname, join } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import { cacheFolder } from "./cache.ts";
import { embedded } from "./embedded.ts";
import { unpack } from "./unpack.ts";

/**
 * Opens the shared libraries a binary carries, so that the addons of onnxruntime-node and sharp find them: the dynamic
 * linker takes a library that is already open under the name it looks for. Must have run in this process before
 * either addon loads. Cheap when repeated; opened libraries stay open until the process ends. Does nothing in a
 * checkout, where the addons find their libraries in node_modules by themselves.
 *
 * @throws EngineError `storage-failed` when they cannot be unpacked or opened
 */
export function openLibraries(): void {
  if (embedded === undefined) return;
  const folder = libraryFolder();
  for (const { path, symbol } of embedded.libraries.files) {
    try {
      dlopen(join(folder, path), { [symbol]: { args: [], returns: "ptr" } });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EngineError(
        "storage-failed",
        `${join(folder, path)} could not be opened: ${reason}. A folder mounted noexec, or a C library older than ` +
          "glibc 2.28, does that; FOOOCUSD_CACHE_DIR names another folder.",
        { file: join(folder, path) },
        error,
      );
    }
  }
}

/**
 * The folder libonnxruntime lies in, which is where ONNX Runtime looks for its CUDA provider too: of a binary the one
 * its libraries are unpacked to, of a checkout the one npm put it into.
 *
 * @throws EngineError `storage-failed` when a binary cannot unpack them
 */
export function libraryFolder(): string {
  if (embedded !== undefined) return unpack(cacheFolder(), "lib", embedded.libraries);
  const manifest = Bun.resolveSync("onnxruntime-node/package.json", import.meta.dir);
  return join(dirname(manifest), "bin/napi-v6", process.platform, process.arch);
}
