import { containerBytes, containerOf } from "./container.ts";
import { invalidFile, readAt, withModelFile } from "./model-file.ts";
import { safetensorsOf } from "./safetensors.ts";
import { torchLegacyOf } from "./torch/legacy-file.ts";
import { torchZipOf } from "./torch/zip-file.ts";
import type { WeightFile } from "./weight-file.ts";

/**
 * The one door to model files: tells the format by the first bytes, never by the name, and reads where each tensor lies.
 * Data is not read. A torch file is a pickle, a program; here it is read by a machine that builds values and calls
 * nothing (`torch/pickle.ts`).
 *
 * @throws ModelError `file-unreadable`, `header-invalid` or `dtype-unsupported`, naming the file and the tensor
 */
export const openWeights = (path: string): WeightFile =>
  withModelFile(path, (file) => {
    const container = containerOf(readAt(file, 0, containerBytes));
    switch (container.kind) {
      case "safetensors":
        return safetensorsOf(file);
      case "torch-zip":
        return torchZipOf(file);
      case "torch-legacy":
        return torchLegacyOf(file);
      case "foreign":
        throw invalidFile(path, container.what);
    }
  });
