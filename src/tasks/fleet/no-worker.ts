import type { ModelFile } from "#/fleet/jobs.ts";
import { EngineError } from "#/lib/errors.ts";

/** Nobody who is there has all files of a request: what the best one lacks. */
export function noWorkerWith(workers: number, files: readonly ModelFile[]): EngineError {
  const names = files.map(({ kind, name }) => `${kind}/${name}`).join(", ");
  const who =
    workers === 1 ? "The one worker of the fleet lacks" : `Each of the ${workers} workers of the fleet lacks`;
  const message = `${who} a file of this request, or has another of its name; what the best one lacks: ${names}. Put the same file into the models folder of a worker, or ask for another.`;
  return new EngineError("no-worker", message, { files: names });
}

/** Nobody is there at all to answer what is not kept. */
export function noWorkerAtAll(files: readonly ModelFile[]): EngineError {
  const names = files.map(({ kind, name }) => `${kind}/${name}`).join(", ");
  const message = `No worker of the fleet takes questions about pictures now; start one that has ${names}, or end its pause, and ask again.`;
  return new EngineError("no-worker", message, { files: names });
}
