import { detectorFile, findDetectionFile, type SamSize, samFile } from "#/catalog/detection-files.ts";
import type { Published } from "#/catalog/matte-files.ts";
import { RequestError } from "#/lib/errors.ts";
import { networks } from "#/networks/index.ts";
import { type Detector, detectorOf } from "#/runtime/detector.ts";
import type { Workshop } from "#/runtime/job-network.ts";
import { loneNetworks } from "#/runtime/lone-networks.ts";
import { type Segmenter, segmenterOf } from "#/runtime/segmenter.ts";
import { detectorTensors } from "#/weights/layouts/grounding-dino.ts";
import { samTensors } from "#/weights/layouts/sam.ts";

/**
 * What finds boxes, announced as a job's networks are; it may be closed when something else is announced.
 *
 * @throws RequestError `missing-model` where its file is gone, ModelError where it is none, EngineError `out-of-memory` where it is
 *   larger than the budget
 */
export function openDetector(modelRoots: readonly string[], workshop: Workshop): Detector {
  const lone = loneNetworks(there(modelRoots, detectorFile), detectorTensors, workshop);
  workshop.residency.startJob(lone.requests([networks["grounding-dino"]]));
  return detectorOf(lone.ask, lone.tensors);
}

/**
 * What makes masks of boxes, in the same way.
 *
 * @throws as {@link openDetector}
 */
export function openSegmenter(modelRoots: readonly string[], size: SamSize, workshop: Workshop): Segmenter {
  const lone = loneNetworks(there(modelRoots, samFile(size)), samTensors, workshop);
  workshop.residency.startJob(lone.requests([networks["sam-image-encoder"], networks["sam-mask-decoder"]]));
  return segmenterOf(lone.ask, lone.tensors);
}

function there(modelRoots: readonly string[], file: Published): string {
  const path = findDetectionFile(modelRoots, file);
  if (path !== undefined) return path;
  const { name, folder } = file;
  throw new RequestError("missing-model", `The file ${name} is no longer in the ${folder} folders.`, {
    name,
  });
}
