import type { Json } from "#/api/json.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { ModelFile } from "./jobs.ts";

/** An engine of a member. */
export type MemberEngine = Readonly<{
  name: string;
  device: string;
  /** What it does, in the words of its owner. */
  state: string;
  task: TaskId | null;
  /** The checkpoint that is open on it. */
  checkpoint: string | null;
}>;

/** A head or a worker, as it says itself. */
export type Member = Readonly<{
  id: string;
  role: "head" | "worker";
  host: string;
  version: string;
  recipeVersion: number;
  startedAt: number;
  /** It takes no new tasks when paused, and leaves after its last one when draining. */
  state: "ready" | "paused" | "draining";
  engines: readonly MemberEngine[];
  /** Digest of the list of its model files; {@link Roll.models} has the list. */
  models: string;
  /** All else that is told of it. */
  facts: Readonly<Record<string, Json>>;
}>;

/** Being on the roll. */
export interface Presence {
  /** Writes at once what is otherwise written within two seconds. */
  update(): Promise<void>;
  /** Goes from the roll. */
  leave(): Promise<void>;
}

/**
 * Who is there.
 *
 * @throws EngineError `fleet-unavailable`, but from `enter`, `update` and `leave`
 */
export interface Roll {
  /** Puts a member on the roll and keeps it there, written every two seconds; gone ten seconds after its process is. */
  enter(member: () => Member): Presence;
  /**
   * The same for a member that must fit those who are there: of several that come in one moment each sees the one before. Written
   * when this returns.
   *
   * @param look throws what refuses it; asked again where it took so long that another one may have come meanwhile
   * @throws what `look` throws
   */
  admit(member: () => Member, look: (there: readonly Member[]) => Promise<void>): Promise<Presence>;
  /** All that are there, by their ids. */
  members(): Promise<readonly Member[]>;
  /**
   * Keeps a list of model files as long as a member says its digest, and a minute longer. Kept again when a Redis lost it
   * ({@link models} finds none).
   *
   * @returns the digest
   */
  keepModels(files: readonly ModelFile[]): Promise<string>;
  /** The list of model files with this digest. */
  models(digest: string): Promise<readonly ModelFile[] | undefined>;
}
