import type { CallToolResult } from "@modelcontextprotocol/server";
import type { GenerateRequest } from "#/api/generate.ts";
import { keptRequest } from "#/routes/answers/addresses.ts";
import { jobResult } from "./answers/job-result.ts";
import { taskHandle } from "./answers/task-handle.ts";
import type { Call } from "./call.ts";
import { followed } from "./follow.ts";
import { doorName, type InlineMode, type MakingTool, wordOf } from "./names.ts";

/** How a request is to be made and answered. */
export type Making = Readonly<{
  tool: MakingTool;
  warnings: readonly string[];
  inline: InlineMode;
  /** Whether the answer comes when there are pictures, and not at once. */
  wait: boolean;
}>;

/**
 * Makes a task of a request and answers with what became of it; at once with the handle of the task where the client takes
 * one, or with the job where it does not want to wait.
 *
 * @throws AppError
 */
export async function make(
  request: GenerateRequest,
  { tool, warnings, inline, wait }: Making,
  call: Call,
): Promise<CallToolResult> {
  const { parts, addresses, requestId } = call;
  const task = await parts.tasks.submit(keptRequest(request, addresses), {
    door: { name: doorName, word: wordOf(tool, inline) },
    warnings,
    requestId,
  });
  if (call.takesTask) return taskResult({ ...taskHandle(task, addresses, Date.now()) });
  return await jobResult(wait ? await followed(task.id, call) : task, inline, call);
}

/** The extension's own kind of result, in the place of a call's. */
const taskResult = (handle: Readonly<Record<string, unknown>>): CallToolResult =>
  // The SDK has no type for it, and hands on what has another `resultType` than its own.
  ({ resultType: "task", ...handle }) as unknown as CallToolResult;
