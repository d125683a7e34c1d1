import type { Office } from "#/fleet/claims.ts";
import type { Fleet } from "#/fleet/fleet.ts";
import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryStore, Unfinished } from "#/stores/history.ts";
import type { Endings } from "../life-cycle/endings.ts";
import { endOfUnfinished, waitingAgain } from "../life-cycle/unfinished.ts";
import type { HeadCounts } from "./head-counts.ts";
import type { Poster } from "./poster.ts";
import type { Recorder } from "./recorder.ts";

/** What house-keeping works with. */
export type HouseKeepingParts = Readonly<{
  fleet: Pick<Fleet, "lines" | "log" | "claims" | "flags">;
  history: Pick<HistoryStore, "unfinished" | "find" | "counter" | "setCounter">;
  endings: Pick<Endings, "settle">;
  poster: Pick<Poster, "post">;
  recorder: Pick<Recorder, "sweep">;
  counts: Pick<HeadCounts, "leaseLost">;
  log: Pick<Log, "info" | "warn">;
  now: () => number;
}>;

/** Milliseconds for which a head leads that says nothing more, between two rounds, and between two looks at all rows. */
const term = 10_000;
const round = 3000;
const rows = 30_000;

/** Milliseconds for which a new task is its own head's to give to the fleet. */
const fresh = 10_000;

/** Numbers of events that are written down beforehand, so that they go on above it when Redis lost them. */
const block = 100_000;

/**
 * What one head does for all of a fleet: jobs whose workers died wait again, ends that nobody recorded are recorded, rows that
 * no job is there for are given to the fleet anew, whatever Redis lost.
 */
export class HouseKeeping {
  readonly #parts: HouseKeepingParts;
  #office: Office | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #busy: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #counted = 0;

  constructor(parts: HouseKeepingParts) {
    this.#parts = parts;
  }

  /** Whether this head leads. */
  get leads(): boolean {
    return this.#office?.held ?? false;
  }

  /** Leads, or waits until it can. @param change hears when it begins and ends to */
  start(change: (leads: boolean) => void): void {
    this.#office = this.#parts.fleet.claims.hold("leader", term, (held) => {
      this.#parts.log.info(held ? "this head keeps house for the fleet" : "another head keeps house");
      this.lookSoon();
      change(held);
    });
    this.#timer = setInterval(() => this.#begin(), round);
    this.#timer.unref();
  }

  /** All rows are looked at in the next round: Redis was gone. */
  lookSoon(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#busy;
    await this.#office?.leave();
  }

  #begin(): void {
    if (!this.leads) return;
    this.#busy ??= this.#keep()
      .catch((thrown: unknown) => {
        this.#parts.log.warn("the fleet's house could not be kept; the next round tries again", {
          reason: String(thrown),
        });
      })
      .finally(() => {
        this.#busy = undefined;
      });
  }

  async #keep(): Promise<void> {
    const { fleet, recorder } = this.#parts;
    await this.#keepNumbers();
    for (const taskId of await fleet.lines.recover()) await this.#tellPutBack(taskId);
    await recorder.sweep();
    if (performance.now() - this.#lookedAt < rows) return;
    this.#lookedAt = performance.now();
    await this.#giveMissing();
  }

  async #tellPutBack(taskId: TaskId): Promise<void> {
    const { lines, log } = this.#parts.fleet;
    this.#parts.counts.leaseLost();
    const attempts = (await lines.find(taskId))?.state.attempts ?? 1;
    this.#parts.log.warn("a worker was lost; its task waits again", { task: taskId, attempts });
    void log.append({ taskId, type: "put-back", attempts, why: "its worker was lost" });
  }

  /** The history remembers a number above all that were given. */
  async #keepNumbers(): Promise<void> {
    const { fleet, history } = this.#parts;
    const last = await fleet.log.last();
    if (this.#counted === 0) {
      this.#counted = await history.counter("seq");
      if (last + block < this.#counted) await fleet.log.raise(this.#counted);
    }
    if (last + block / 2 <= this.#counted) return;
    await history.setCounter("seq", last + block);
    this.#counted = last + block;
  }

  async #giveMissing(): Promise<void> {
    const { fleet, history, poster, now, log } = this.#parts;
    // First what is there, then what should be: a task that comes in or ends between the two is not taken for a lost one.
    const { lines } = fleet;
    const there = new Set(
      [await lines.waiting(), await lines.active(), await lines.ended(0)].flat().map(({ id }) => id),
    );
    const missing = (await history.unfinished()).filter(
      ({ id, queuedAt }) => !there.has(id) && now() - queuedAt > fresh,
    );
    for (const left of missing) {
      // It may have ended since.
      if ((await history.find(left.id))?.state.status !== "pending") continue;
      log.warn("a task was not with the fleet, and is given to it again", { task: left.id });
      await this.#give(left, poster);
    }
  }

  async #give(left: Unfinished, poster: Pick<Poster, "post">): Promise<void> {
    const { task, images } = waitingAgain(left);
    const end = endOfUnfinished({ ...left, attempt: 0 });
    if (end === undefined) await poster.post(task, images);
    else await this.#parts.endings.settle(task, end);
  }
}
