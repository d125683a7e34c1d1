import { writeJson } from "#/api/json.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { jobWebhook } from "../legacy/job.ts";
import { storedRecord } from "./record.ts";

/** A settled task as its webhook's body, in the words of the API it came through. */
export const webhookText = (task: Task): string =>
  writeJson(task.legacyJob === null ? storedRecord(task) : jobWebhook(task));
