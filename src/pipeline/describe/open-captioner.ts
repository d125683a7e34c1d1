import { captionFile, findCaptionFile } from "#/catalog/caption-file.ts";
import { RequestError } from "#/lib/errors.ts";
import { type Captioner, captionerAt } from "#/runtime/captioner.ts";
import type { Workshop } from "#/runtime/job-network.ts";

/**
 * What captions photographs, announced as a job's networks are. Nothing is opened before it is asked.
 *
 * @throws RequestError `missing-model` where its file is gone, ModelError where it is none, EngineError `out-of-memory` where it is
 *   larger than the budget
 */
export function openCaptioner(modelRoots: readonly string[], workshop: Workshop): Captioner {
  const path = findCaptionFile(modelRoots);
  if (path !== undefined) return captionerAt(path, workshop);
  const { name, folder } = captionFile;
  throw new RequestError("missing-model", `The file ${name} is no longer in the ${folder} folders.`, {
    name,
  });
}
