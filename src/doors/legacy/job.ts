import type { Json, JsonObject } from "#/api/json.ts";
import { dataUriOf } from "#/routes/answers/pictures.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Preview, Task, TaskImage } from "#/tasks/life-cycle/task.ts";
import { sentenceOf } from "../fooocus-api/sentence.ts";
import { doorName, hyphenated, isLegacyJob, jobTypes, type LegacyJob } from "./api/job.ts";

type FinishReason = "SUCCESS" | "QUEUE_IS_FULL" | "USER_CANCEL" | "ERROR";

/** What a job made, in the words of the legacy API: one item an image; a stopped one without images says so. */
export type JobResult = readonly Readonly<{
  base64: string | null;
  url: string | null;
  seed: string;
  finish_reason: FinishReason;
}>[];

/** The one item that stands for a job nobody could take. */
export const queueIsFull: JobResult = [{ base64: null, url: null, seed: "", finish_reason: "QUEUE_IS_FULL" }];

/** How a job ended; `undefined` while it has not. */
export function finishReason({ state }: Task): FinishReason | undefined {
  if (state.status !== "settled") return undefined;
  switch (state.outcome) {
    case "finished":
    case "skipped":
      return "SUCCESS";
    case "stopped":
    case "cancelled":
      return "USER_CANCEL";
    case "failed":
      return "ERROR";
  }
}

/** What a settled job made; nothing if it failed, as the legacy API has it. */
export async function jobResult(task: Task, images: ImageStore): Promise<JobResult> {
  const reason = finishReason(task);
  if (task.state.status !== "settled" || reason === undefined || reason === "ERROR") return [];
  const made = task.state.images;
  if (made.length === 0 && reason === "USER_CANCEL")
    return [{ base64: null, url: null, seed: seedOf(task, 0), finish_reason: reason }];
  const wanted = task.request.require_base64 === true;
  return await Promise.all(
    made.map(async ({ url, ...image }) => ({
      base64: wanted ? await dataUriOf(url, images) : null,
      url,
      seed: image.seed || seedOf(task, image.index),
      finish_reason: "SUCCESS" as const,
    })),
  );
}

/** A job as its asynchronous answer: stage, progress, and the result once there is one. */
export async function jobRecord(
  task: Task,
  images: ImageStore,
  preview: Preview | null,
): Promise<JsonObject> {
  const { state } = task;
  const png = (await preview?.png())?.toBase64() ?? null;
  const known = { job_id: hyphenated(task.id), job_type: jobTypes[jobOf(task)] };
  switch (state.status) {
    case "pending":
      return { ...freshJob(task), job_step_preview: png };
    case "running":
      return {
        ...known,
        job_stage: "RUNNING",
        job_progress: Math.floor(state.progress.percent),
        job_status: sentenceOf(state.progress),
        job_step_preview: png,
        job_result: null,
      };
    case "settled": {
      const failed = state.outcome === "failed";
      return {
        ...known,
        job_stage: failed ? "ERROR" : "SUCCESS",
        job_progress: Math.floor(state.percent),
        job_status: failed ? (state.error?.message ?? "The job failed.") : "Finished",
        job_step_preview: png,
        job_result: failed ? null : await jobResult(task, images),
      };
    }
  }
}

/** A job that was just taken. */
export const freshJob = (task: Task): JsonObject => ({
  job_id: hyphenated(task.id),
  job_type: jobTypes[jobOf(task)],
  job_stage: "WAITING",
  job_progress: 0,
  job_status: null,
  job_step_preview: null,
  job_result: null,
});

/** A job that was not taken, because too many wait. */
export const refusedJob = (job: LegacyJob): JsonObject => ({
  job_id: "",
  job_type: jobTypes[job],
  job_stage: "ERROR",
  job_progress: 0,
  job_status: null,
  job_step_preview: null,
  job_result: queueIsFull,
});

/** What is answered for a job nobody knows. */
export const unknownJob: JsonObject = {
  job_id: "",
  job_type: "Not Found",
  job_stage: "ERROR",
  job_progress: 0,
  job_status: "Job not found",
  job_step_preview: null,
  job_result: null,
};

/** What the legacy API posts to a webhook. */
export const jobWebhook = (task: Task): JsonObject => ({
  job_id: hyphenated(task.id),
  job_result:
    task.state.status === "settled"
      ? task.state.images.map((image) => ({ url: image.url, seed: image.seed || seedOf(task, image.index) }))
      : [],
});

/** Which kind of job a task is, or would have been if it had come in by this door: the pictures it brings tell. */
export function jobOf({ door, request }: Task): LegacyJob {
  if (door.name === doorName && isLegacyJob(door.word)) return door.word;
  const brings = (field: string): boolean => typeof request[field] === "string" && request[field] !== "";
  const slots = Array.isArray(request.controlnet_image) ? request.controlnet_image : [];
  if (brings("enhance_input_image")) return "enhance";
  if (slots.some((slot: Json) => slotImage(slot) !== "")) return "image-prompt";
  if (brings("uov_input_image")) return "upscale-vary";
  return brings("inpaint_input_image") ? "inpaint-outpaint" : "text-to-image";
}

const slotImage = (slot: Json): Json =>
  typeof slot === "object" && slot !== null && "cn_img" in slot ? (slot.cn_img ?? "") : "";

/** The seed of image number `index`, for rows that do not say it themselves. */
function seedOf({ request }: Task, index: TaskImage["index"]): string {
  const seed = request.image_seed;
  if (typeof seed !== "number" && typeof seed !== "bigint") return "";
  const step = request.disable_seed_increment === true ? 0 : index;
  return ((BigInt(seed) + BigInt(step)) % 2n ** 63n).toString();
}
