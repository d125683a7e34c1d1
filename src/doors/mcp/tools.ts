import type { Tool } from "./call.ts";
import { cancelJob } from "./tools/cancel-job.ts";
import { edit } from "./tools/edit.ts";
import { generate } from "./tools/generate.ts";
import { jobStatus } from "./tools/job-status.ts";
import { listModels } from "./tools/list-models.ts";

/** The table of tools, in the order in which clients are told of them. */
export const tools: readonly Tool[] = [generate, edit, jobStatus, cancelJob, listModels];

export const toolNames: readonly string[] = tools.map(({ listed }) => listed.name);
