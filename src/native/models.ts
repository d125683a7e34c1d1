import { cacheFolder } from "./cache.ts";
import { embedded } from "./embedded.ts";
import { unpack } from "./unpack.ts";

/**
 * The model folder a binary carries (the demo model and its LoRAs), unpacked once as real files so that ONNX Runtime
 * can map them into memory. Laid out like `models/`, so it is one more root to search, after the user's own.
 *
 * @returns `undefined` in a checkout, whose own `models/` holds the same files
 * @throws EngineError `storage-failed` when it cannot be unpacked
 */
export function embeddedModels(): string | undefined {
  if (embedded === undefined || embedded.models.files.length === 0) return undefined;
  return unpack(cacheFolder(), "models", embedded.models);
}

/** Folders of models, and the one that a binary carries behind them. */
export const withEmbeddedModels = (folders: readonly string[]): readonly string[] => {
  const own = embeddedModels();
  return own === undefined ? folders : [...folders, own];
};
