import { isJsonObject, parseJson } from "#/api/json.ts";
import type { FleetJob, JobState } from "#/fleet/jobs.ts";
import { BugError } from "#/lib/errors.ts";
import type { LiveTask } from "../life-cycle/live-tasks.ts";

/** A job as a task that waits. A worker needs no row of it, and its webhook is a head's. */
export function taskOfJob(job: FleetJob, state: JobState): LiveTask {
  const request = parseJson(job.request);
  if (!isJsonObject(request)) throw new BugError("A job of the fleet holds no request.");
  return {
    attempts: state.attempts,
    images: state.images.length > 0 ? state.images : (job.images ?? []),
    task: {
      id: job.id,
      row: -1,
      request,
      webhookUrl: "",
      label: job.label,
      door: job.door,
      warnings: state.warnings.length > 0 ? state.warnings : job.warnings,
      queuedAt: job.queuedAt,
      ...(job.requestId === undefined ? {} : { requestId: job.requestId }),
      state: { status: "pending", position: 0 },
    },
  };
}
