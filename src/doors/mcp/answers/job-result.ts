import type { CallToolResult } from "@modelcontextprotocol/server";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { Answering } from "../call.ts";
import type { InlineMode } from "../names.ts";
import { inlinePictures } from "./inline-pictures.ts";
import { fileNameOf, type Job, jobOf } from "./job.ts";

/**
 * A task as the result of a tool: the job as structured content and, for clients that do not read that, as text; its pictures
 * and links to their files once it has ended. One that failed is an error.
 *
 * @param told what is to be told of this call beside the job's own warnings
 */
export async function jobResult(
  task: Task,
  inline: InlineMode,
  { parts, addresses }: Answering,
  told: readonly string[] = [],
): Promise<CallToolResult> {
  const own = jobOf(task, addresses);
  const job = { ...own, warnings: [...own.warnings, ...told] };
  const text = { type: "text", text: JSON.stringify(job) } as const;
  const isError = job.status === "failed";
  const content: CallToolResult["content"] = [isError ? { type: "text", text: job.message } : text];
  if (task.state.status === "settled") {
    const { pictures, note } = await inlinePictures(job, inline, parts);
    if (note !== undefined) content.push({ type: "text", text: note });
    content.push(...pictures.map((picture) => ({ type: "image" as const, ...picture })));
    content.push(...job.pictures.map(linkOf));
  }
  return { content, structuredContent: { ...job }, ...(isError ? { isError } : {}) };
}

const linkOf = ({ uri, mime_type, width, height, seed }: Job["pictures"][number]) => ({
  type: "resource_link" as const,
  uri,
  name: fileNameOf(uri),
  mimeType: mime_type,
  description: `${width} x ${height}${seed === "" ? "" : `, seed ${seed}`}`,
});
