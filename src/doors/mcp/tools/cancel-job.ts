import { Type } from "@sinclair/typebox";
import { Job } from "../answers/job.ts";
import { jobResult } from "../answers/job-result.ts";
import { readPlain } from "../arguments/read-arguments.ts";
import { toolSchema } from "../arguments/tool-schema.ts";
import type { Tool } from "../call.ts";
import { foundJob } from "./found-job.ts";

const Arguments = Type.Object(
  { job_id: Type.String({ description: "As generate and edit give it." }) },
  { requiredKeys: ["job_id"] },
);

/** Milliseconds for a running job to leave its step; the answer tells how far it is if that was not enough. */
const patience = 5000;

/** Ends a job. */
export const cancelJob: Tool = {
  listed: {
    name: "cancel_job",
    title: "End a job",
    description:
      "Takes a waiting job out of the queue, or stops a running one after its step; pictures that are finished stay. One that " +
      "has ended is left as it is.",
    inputSchema: toolSchema(Arguments),
    outputSchema: toolSchema(Job),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  },
  call: async (given, call) => {
    const { said, warnings } = readPlain(Arguments, given);
    const { id } = await foundJob(said["job_id"], call.parts);
    await call.parts.tasks.control(id, "stop");
    await call.parts.tasks.settled(id, AbortSignal.any([call.gone, AbortSignal.timeout(patience)]));
    return await jobResult(await foundJob(id, call.parts), "none", call, warnings);
  },
};
