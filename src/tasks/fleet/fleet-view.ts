import type { Json } from "#/api/json.ts";
import type { ModelFile } from "#/fleet/jobs.ts";
import type { Member, MemberEngine } from "#/fleet/roll.ts";

/** How a worker stands in its fleet: `busy` is ready with a task, `lost` is gone without a word. */
export const standings = ["ready", "busy", "paused", "draining", "lost"] as const;
export type Standing = (typeof standings)[number];

/** What a worker says of itself. */
export const workerStates = ["ready", "paused", "draining"] as const;

/** States of engines, in their owner's words. */
export const engineWords = ["starting", "ready", "busy", "failed", "restarting"] as const;

/** What a worker has done since it began. */
export type WorkerTotals = Readonly<{
  tasks: number;
  pictures: number;
  steps: number;
  putBack: number;
  /** Milliseconds for which engines were at work, those of all engines together. */
  busyMs: number;
}>;

/** A head or a worker, as it is shown. */
export type SeenMember = Readonly<{
  id: string;
  role: Member["role"];
  host: string;
  version: string;
  state: Member["state"] | "lost";
  /** When it began, milliseconds since 1970. */
  since: number;
  /** When it was found to be gone; null for one that is there. */
  lostAt: number | null;
  /** Whether it keeps house for the fleet. */
  leads: boolean;
  engines: readonly MemberEngine[];
  /** What it has done, and how fast. */
  rates: Readonly<Record<string, Json>>;
}>;

/** Tasks that wait and need the same files. */
export type SeenLine = Readonly<{
  line: string;
  checkpoint: string;
  needs: readonly ModelFile[];
  tasks: number;
  /** When the first of them was queued. */
  since: number;
  /** Why nobody takes one of them, in a sentence; null where somebody can. */
  why: string | null;
}>;

/** Numbers of a fleet. */
export type FleetCounts = Readonly<{
  heads: number;
  workers: Readonly<Record<Standing, number>>;
  engines: Readonly<Record<(typeof engineWords)[number], number>>;
}>;

/** A fleet as one of its heads sees it. */
export type FleetView = Readonly<{
  members: readonly SeenMember[];
  waiting: readonly SeenLine[];
  counts: FleetCounts;
  /** Whether all tasks are kept waiting. */
  paused: boolean;
}>;

/** What a worker can be told. */
export const steerWords = ["pause", "resume", "drain", "remove"] as const;
export type SteerWord = (typeof steerWords)[number];

/** Looking at a fleet, and telling its workers something. */
export interface FleetDesk {
  /** @throws EngineError `fleet-unavailable` */
  look(): Promise<FleetView>;
  /**
   * Returns when the worker was told; what it does is seen later.
   *
   * @throws RequestError `unknown-member`, `conflict`; EngineError `fleet-unavailable`
   */
  steer(id: string, word: SteerWord): Promise<void>;
}

/** What is measured of a fleet at one of its heads. */
export type FleetMeasures = Readonly<{
  reachable: () => boolean;
  leads: () => boolean;
  counts: () => FleetCounts;
  /** Leases that were found lost by this head, while it kept house. */
  leasesLost: () => number;
  /** Whether the end that is just told was recorded by this head. */
  isOwnEnd: (task: string) => boolean;
  /** What needs Redis; nothing while that does not answer. */
  asked: () => Promise<AskedMeasures | undefined>;
}>;

/** Tasks that nobody can take, when the one that waits longest was queued, and entries of the log that were not heard yet. */
export type AskedMeasures = Readonly<{ stuck: number; oldest: number | undefined; lag: number }>;
