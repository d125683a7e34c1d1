import type { Fleet, FleetOptions } from "#/fleet/fleet.ts";
import type { FleetJob, JobResult } from "#/fleet/jobs.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import { silentLog } from "#/lib/log.ts";
import { newTaskId, type TaskId } from "#/lib/task-id.ts";

/** Joins the fleet of a test as a member of this name. */
export const join = (url: string, id: string, options: Partial<FleetOptions> = {}): Promise<Fleet> =>
  openFleet({ url, name: "test", id, recipeVersion: 3, log: silentLog, ...options });

/** A job that is queued now and needs one checkpoint. */
export function someJob(job: Partial<FleetJob> = {}): FleetJob {
  const checkpoint = job.checkpoint ?? "a.safetensors";
  return {
    id: newTaskId(),
    door: { name: "fooocus-api", word: "v2" },
    request: '{"prompt":"a cat","image_seed":18446744073709551615}',
    recipe: '{"steps":4}',
    recipeVersion: 3,
    needs: [{ kind: "checkpoints", name: checkpoint, bytes: 7 }],
    checkpoint,
    label: null,
    baseUrl: "http://127.0.0.1:7866",
    warnings: ["one"],
    queuedAt: Date.now(),
    ...job,
  };
}

/** How a job ended that made one picture. */
export const someResult = (worker = "w1"): JobResult => ({
  end: {
    outcome: "finished",
    startedAt: 1,
    percent: 100,
    images: [
      { index: 0, url: "http://h/0.png", width: 8, height: 8, seed: "18446744073709551615", timings: null },
    ],
    error: null,
  },
  warnings: [],
  making: '{"made":"of"}',
  worker,
  endedAt: Date.now(),
});

/** A task's id that ends with a number, so that a test can tell which one it is. */
export const idOf = (n: number): TaskId => String(n).padStart(32, "0") as TaskId;

/** Until something is true, asked again and again. */
export async function until(isTrue: () => boolean | Promise<boolean>, milliseconds = 20_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error("It has not come about");
    await Bun.sleep(20);
  }
}
