import { detectorFile, findDetectionFile, type SamSize, samFile } from "#/catalog/detection-files.ts";
import type { Published } from "#/catalog/matte-files.ts";
import { RequestError } from "#/lib/errors.ts";
import { type Detector, detectorAt } from "#/runtime/detector.ts";
import type { Workshop } from "#/runtime/job-network.ts";
import { type Segmenter, segmenterAt } from "#/runtime/segmenter.ts";

/**
 * What finds boxes, announced as a job's networks are; it may be closed when something else is announced.
 *
 * @throws RequestError `missing-model` where its file is gone, ModelError where it is none, EngineError `out-of-memory` where it is
 *   larger than the budget
 */
export function openDetector(modelRoots: readonly string[], workshop: Workshop): Detector {
  return detectorAt(there(modelRoots, detectorFile), workshop);
}

/**
 * What makes masks of boxes, in the same way.
 *
 * @throws as {@link openDetector}
 */
export function openSegmenter(modelRoots: readonly string[], size: SamSize, workshop: Workshop): Segmenter {
  return segmenterAt(there(modelRoots, samFile(size)), workshop);
}

function there(modelRoots: readonly string[], file: Published): string {
  const path = findDetectionFile(modelRoots, file);
  if (path !== undefined) return path;
  const { name, folder } = file;
  throw new RequestError("missing-model", `The file ${name} is no longer in the ${folder} folders.`, {
    name,
  });
}
