import type { TaskId } from "#/lib/task-id.ts";
import type { FleetJob, JobResult, JobState, ModelFile } from "./jobs.ts";

/** A queue of jobs that need the same files. */
export type LineInfo = Readonly<{
  name: string;
  recipeVersion: number;
  needs: readonly ModelFile[];
  checkpoint: string;
}>;

/** Place of a job among those of all lines: smaller ones come first, equal ones as they came. */
export type WaitingJob = Readonly<{
  id: TaskId;
  line: string;
  /** 0 for one that was put back, 1, 2, 3… for those that {@link Lines.order} numbered, `unordered` for all others. */
  rank: number;
  /** When its task was queued, milliseconds since 1970. */
  since: number;
}>;

/** The rank of a job that nobody moved. */
export const unordered = 2_000_000;

/** The first job of a line. */
export type First = WaitingJob &
  Readonly<{ info: LineInfo /** How many wait in the line, it included. */; waiting: number }>;

/** A job that somebody makes, or made last when it died. */
export type ActiveJob = Readonly<{ id: TaskId; line: string; worker: string; takenAt: number }>;

/** A job that ended and was not forgotten. */
export type EndedJob = Readonly<{ id: TaskId; line: string; result: JobResult }>;

/** Where a job is; unknown when it never was there, or was forgotten or removed. */
export type JobPlace = "waiting" | "active" | "ended" | "unknown";

/**
 * The queues of a fleet, one for each set of files.
 *
 * @throws EngineError `fleet-unavailable` from every method, within ten seconds, while Redis cannot be reached
 */
export interface Lines {
  /** Adds a job behind all others. One whose id is known stays as it is, wherever it is. */
  add(job: FleetJob): Promise<void>;
  /** The first job of each line of this recipe version that has one and that `can` be served, the foremost first. One round trip. */
  firsts(can: (line: LineInfo) => boolean): Promise<readonly First[]>;
  /** The same of every line, of all recipe versions: for whoever looks at the fleet. */
  fronts(): Promise<readonly First[]>;
  /**
   * Takes the first job of a line. Another one than {@link firsts} told, when that was taken meanwhile.
   *
   * @returns nothing when none waits
   */
  take(line: string): Promise<Lease | undefined>;
  /** Takes a waiting job away. @returns false when it is taken already, has ended or is not there */
  remove(id: TaskId): Promise<boolean>;
  /** New order of the waiting ones: these come first, in this order; behind them what was ordered before, then all others as they came. */
  order(ids: readonly TaskId[]): Promise<void>;
  /** All that wait, of all recipe versions, in their order. */
  waiting(): Promise<readonly WaitingJob[]>;
  active(): Promise<readonly ActiveJob[]>;
  where(id: TaskId): Promise<JobPlace>;
  /** What is kept of a job that is not forgotten. */
  find(id: TaskId): Promise<Readonly<{ job: FleetJob; state: JobState }> | undefined>;
  /** A job's state as a head changes it, whoever has it: `stopping`. @returns false when it is not there, or has ended */
  mark(id: TaskId, state: Pick<JobState, "stopping">): Promise<boolean>;
  /** Jobs that ended at least so long ago and were not forgotten, the oldest first. */
  ended(olderThanMs: number): Promise<readonly EndedJob[]>;
  result(id: TaskId): Promise<JobResult | undefined>;
  /** Drops a job that ended. */
  forget(id: TaskId): Promise<void>;
  /**
   * Puts back, before all others, what was leased by workers that died or hang, and drops lines that are long empty. Whoever leads
   * calls it every few seconds: a job is put back by the second call that finds it without a lease.
   * Nothing is put back for as long as a lease lasts after the fleet was joined or Redis came back: whoever has jobs renews them first.
   *
   * @returns the jobs that were put back
   */
  recover(): Promise<readonly TaskId[]>;
}

/**
 * A job that is this worker's, as long as it renews it, which it does by itself. While Redis is gone its methods wait; they do
 * not fail.
 */
export interface Lease {
  readonly job: FleetJob;
  /** As it was when it was taken, and as {@link keep} changed it. */
  readonly state: JobState;
  readonly line: string;
  /** Aborted when the job is another's by now, or is not there any more: a run of it is to be abandoned. */
  readonly lost: AbortSignal;
  /** Writes down how far it is. @returns false when the lease is lost */
  keep(state: Partial<JobState>): Promise<boolean>;
  /** It ended. @returns false when the lease is lost: then it has not, as far as the fleet knows */
  done(result: JobResult): Promise<boolean>;
  /** Lets go of it. `first`: it comes before all others; otherwise where it was. @returns false when the lease is lost */
  handBack(state: Partial<JobState>, first: boolean): Promise<boolean>;
}
