import type { Json, JsonObject } from "#/api/json.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { advancedFields } from "./api/body-objects.ts";
import { hyphenated, jobTypes } from "./api/job.ts";
import { finishReason, jobOf } from "./job.ts";

/** A job as `job-history` lists it: times in milliseconds since 1970, 0 for not yet. */
export const jobTimes = ({ id, queuedAt, state }: Task): JsonObject => ({
  job_id: hyphenated(id),
  in_queue_mills: queuedAt,
  start_mills: state.status === "pending" ? 0 : (state.startedAt ?? 0),
  finish_mills: state.status === "settled" ? state.finishedAt : 0,
  is_finished: state.status === "settled",
});

/** A settled job with its parameters, as the legacy API lists it when it keeps a history on disk. */
export function persistentJob(task: Task): JsonObject {
  const { id, queuedAt, state } = task;
  const settled = state.status === "settled" ? state : undefined;
  const finishedAt = settled?.finishedAt ?? 0;
  return {
    params: legacyParameters(task),
    task_info: {
      task_id: hyphenated(id),
      task_type: jobTypes[jobOf(task)],
      task_in_queue_mills: queuedAt,
      task_start_mills: settled?.startedAt ?? 0,
      task_finish_mills: finishedAt,
      result_url: (settled?.images ?? []).map(({ url }) => url).join(","),
      finish_reason: finishReason(task) ?? null,
      date_time: localStamp(new Date(finishedAt)),
    },
  };
}

const same = [
  ...["prompt", "negative_prompt", "style_selections", "performance_selection", "aspect_ratios_selection"],
  ...["base_model_name", "refiner_model_name", "refiner_switch", "image_number", "image_seed", "sharpness"],
  ...["guidance_scale", "inpaint_additional_prompt", "outpaint_selections", "uov_method"],
  ...["webhook_url", "require_base64", "async_process"],
];

/** A stored request in the legacy API's names. */
function legacyParameters({ request, webhookUrl }: Task): JsonObject {
  const pick = (fields: readonly string[]): JsonObject =>
    Object.fromEntries(fields.map((field) => [field, request[field] ?? null]));
  const distances = Array.isArray(request.outpaint_distance) ? request.outpaint_distance : [];
  const size = request.aspect_ratios_selection;
  const slots = Array.isArray(request.controlnet_image) ? request.controlnet_image : [];
  const [left = 0, top = 0, right = 0, bottom = 0] = distances;
  return {
    ...pick(same),
    aspect_ratios_selection: typeof size === "string" ? size.replace("×", "*") : null,
    loras: lorasOf(request.loras),
    advanced_params: pick(advancedFields),
    input_image: request.uov_input_image || (request.inpaint_input_image ?? null),
    input_mask: request.inpaint_mask_image_upload ?? null,
    image_prompts: slots,
    outpaint_distance_left: left,
    outpaint_distance_right: right,
    outpaint_distance_top: top,
    outpaint_distance_bottom: bottom,
    upscale_value: request.upscale_multiple ?? null,
    webhook_url: webhookUrl,
  };
}

/** The stored flat list as objects. */
function lorasOf(flat: Json | undefined): Json {
  if (!Array.isArray(flat)) return [];
  return Array.from({ length: Math.floor(flat.length / 3) }, (_, slot) => ({
    enabled: flat[slot * 3] ?? false,
    model_name: flat[slot * 3 + 1] ?? "None",
    weight: flat[slot * 3 + 2] ?? 1,
  }));
}

/** `YYYY-MM-DD HH:MM:SS`, the server's local time. */
function localStamp(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
