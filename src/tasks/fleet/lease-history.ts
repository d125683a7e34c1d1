import type { FleetLog } from "#/fleet/fleet-log.ts";
import type { Lease } from "#/fleet/lines.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { AttemptParts } from "../life-cycle/attempt.ts";

/** What a worker knows of a task, where a server has its history: all of it goes with the lease. */
export type LeaseHistory = AttemptParts["history"] &
  Readonly<{
    /** What its pictures were made of, once that is known. */
    madeOf: () => string | null;
  }>;

/** The history of one attempt, kept in its job: whoever takes that next knows it, and a head writes it down at the end. */
export function leaseHistory(lease: Lease, log: Pick<FleetLog, "append">): LeaseHistory {
  let making: string | null = null;
  return {
    started: async (_id, attempts) => {
      await lease.keep({ attempts });
    },
    warned: async (taskId: TaskId, warnings) => {
      await lease.keep({ warnings });
      void log.append({ taskId, type: "warned", warnings });
    },
    recipe: async () => lease.job.recipe,
    keepMaking: async (_id, text) => {
      making = text;
    },
    madeOf: () => making,
  };
}
