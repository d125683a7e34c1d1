import type { Log } from "#/lib/log.ts";
import type { Claims } from "./claims.ts";
import type { FleetLog } from "./fleet-log.ts";
import type { Inboxes } from "./inboxes.ts";
import type { Lines } from "./lines.ts";
import type { Questions } from "./questions.ts";
import type { Roll } from "./roll.ts";

/** How a fleet is joined. */
export type FleetOptions = Readonly<{
  /** `redis://` or `rediss://`, which may have a name, a password and the number of a database. */
  url: string;
  /** What all keys begin with: several fleets can share a Redis. */
  name: string;
  /** Id of this member. */
  id: string;
  /** Whose lines are taken. */
  recipeVersion: number;
  log: Log;
  /** For how long a job is a worker's that does not renew its lease. */
  leaseMs?: number;
  /** How many entries the log keeps, about. */
  logEntries?: number;
}>;

/** Whether Redis can be reached. */
export type FleetTrouble = "gone" | "back";

/** What says something that is true for the whole fleet. */
export interface Flags {
  get(name: "paused"): Promise<boolean>;
  set(name: "paused", value: boolean): Promise<void>;
}

/** The heads and workers that share a Redis. */
export interface Fleet {
  readonly lines: Lines;
  readonly log: FleetLog;
  readonly roll: Roll;
  readonly inboxes: Inboxes;
  readonly questions: Questions;
  readonly claims: Claims;
  readonly flags: Flags;
  /** Whether Redis answers. */
  readonly reachable: boolean;
  /** @returns takes the listener away */
  onTrouble(listener: (state: FleetTrouble) => void): () => void;
  /** Writes what is still to be told, for at most two seconds, and goes. Leases are not handed back. */
  close(): Promise<void>;
}
