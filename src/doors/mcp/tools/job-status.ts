import { Type } from "@sinclair/typebox";
import { choice } from "#/api/fields.ts";
import { Job } from "../answers/job.ts";
import { jobResult } from "../answers/job-result.ts";
import { readPlain } from "../arguments/read-arguments.ts";
import { toolSchema } from "../arguments/tool-schema.ts";
import { wayOf } from "../arguments/way-of.ts";
import type { Tool } from "../call.ts";
import { inlineModes } from "../names.ts";
import { foundJob } from "./found-job.ts";

/** Below what clients wait for an answer, of which the shortest is a minute. */
const longestWait = 50;

const Arguments = Type.Object(
  {
    job_id: Type.String({ description: "As generate and edit give it." }),
    wait_seconds: Type.Integer({
      minimum: 0,
      maximum: longestWait,
      default: 0,
      description: "How long to wait for its end; the answer comes earlier if it ends earlier.",
    }),
    inline_pictures: choice(
      inlineModes,
      "auto",
      "InlinePictures",
      "Pictures in the answer, once the job has ended: as with generate.",
    ),
  },
  { requiredKeys: ["job_id"] },
);

/** Tells how far a job is, and what became of it. */
export const jobStatus: Tool = {
  listed: {
    name: "job_status",
    title: "Look at a job",
    description:
      "Tells how far a job is; once it has ended, the answer has its pictures, like that of generate.",
    inputSchema: toolSchema(Arguments),
    outputSchema: toolSchema(Job),
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  call: async (given, call) => {
    const { said, warnings } = readPlain(Arguments, given);
    const { id } = await foundJob(said["job_id"], call.parts);
    const seconds = Number(said["wait_seconds"]);
    const enough = AbortSignal.any([call.cancelled, call.gone, AbortSignal.timeout(seconds * 1000)]);
    if (seconds > 0) await call.parts.tasks.settled(id, enough);
    return await jobResult(await foundJob(id, call.parts), wayOf(said).inline, call, warnings);
  },
};
