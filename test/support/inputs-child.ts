import { openPort } from "#/engine/port.ts";
import { serveEngine } from "#/engine/serve.ts";
import type { generate } from "#/pipeline/generate.ts";
import { openJob } from "#/pipeline/job.ts";
import { stubContext, stubNetworks } from "./stub-job.ts";

/** An engine, as a thread or a process, whose pictures are the input pictures of its job: what a stage would get. */
const returned: typeof generate = async function* (order, engine, run) {
  const job = await openJob(order, engine, run);
  const timings = { loading: 0, encoding: 0, denoising: 0, decoding: 0 };
  for (const [index, { seed }] of job.recipe.images.entries())
    for (const input of job.inputs) {
      // What is sent from a thread is moved there.
      const image = { ...input, data: input.data.slice() };
      yield { type: "image", index, image, facts: { seed, timings } };
    }
  return { status: "finished" };
};

openPort((port) => serveEngine(port, async () => stubContext(stubNetworks({})), returned));
