import { Type } from "@sinclair/typebox";
import { choice } from "#/api/fields.ts";
import { jobTypes } from "./job.ts";

const textOrNull = Type.Union([Type.String(), Type.Null()]);

/** A picture a job made. For OpenAPI; `doors/legacy/job.ts` makes it. */
export const GeneratedImageResult = Type.Object(
  {
    base64: textOrNull,
    url: textOrNull,
    seed: Type.String(),
    finish_reason: choice(
      ["SUCCESS", "QUEUE_IS_FULL", "USER_CANCEL", "ERROR"],
      "SUCCESS",
      "GenerationFinishReason",
      "How it ended.",
    ),
  },
  { title: "GeneratedImageResult" },
);

/** A job. */
export const AsyncJobResponse = Type.Object(
  {
    job_id: Type.String(),
    job_type: choice(
      [...Object.values(jobTypes), "Not Found"],
      "Text to Image",
      "TaskType",
      "What it is about.",
    ),
    job_stage: choice(["WAITING", "RUNNING", "SUCCESS", "ERROR"], "WAITING", "AsyncJobStage", "Where it is."),
    job_progress: Type.Integer(),
    job_status: textOrNull,
    job_step_preview: textOrNull,
    job_result: Type.Union([Type.Array(GeneratedImageResult), Type.Null()]),
  },
  { title: "AsyncJobResponse" },
);

/** How many jobs there are. */
export const JobQueueInfo = Type.Object(
  { running_size: Type.Integer(), finished_size: Type.Integer(), last_job_id: textOrNull },
  { title: "JobQueueInfo" },
);

const JobHistoryInfo = Type.Object(
  {
    job_id: Type.String(),
    in_queue_mills: Type.Integer(),
    start_mills: Type.Integer(),
    finish_mills: Type.Integer(),
    is_finished: Type.Boolean(),
  },
  { title: "JobHistoryInfo" },
);

/** The open jobs and a page of those that have ended. */
export const JobHistoryResponse = Type.Object(
  { queue: Type.Array(JobHistoryInfo), history: Type.Array(JobHistoryInfo) },
  { title: "JobHistoryResponse" },
);

/** What stopping answers. */
export const StopResponse = Type.Object({ msg: Type.String() }, { title: "StopResponse" });

/** That the memory of the models is given back. */
export const CleanVramResponse = Type.Object({ message: Type.String() }, { title: "CleanVramResponse" });
