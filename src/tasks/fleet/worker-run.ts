import type { Engine } from "#/engine/engine.ts";
import type { FleetLog } from "#/fleet/fleet-log.ts";
import type { Lease } from "#/fleet/lines.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { type AttemptParts, attempt } from "../life-cycle/attempt.ts";
import type { End } from "../life-cycle/endings.ts";
import { fateOf } from "../life-cycle/fate.ts";
import type { LiveTask } from "../life-cycle/live-tasks.ts";
import { TaskRun } from "../life-cycle/run.ts";
import type { RunParts } from "../life-cycle/run-parts.ts";
import type { SlotEnd } from "../life-cycle/slot-pool.ts";
import type { Task } from "../life-cycle/task.ts";
import type { DecodingPace } from "../life-cycle/time-left.ts";
import { endOfUnfinished } from "../life-cycle/unfinished.ts";
import { Happenings } from "./happenings.ts";
import { taskOfJob } from "./job-task.ts";
import type { WorkerCounts } from "./worker-counts.ts";

/** What a worker makes tasks with. */
export type WorkerRunParts = Omit<RunParts, "engine" | "pace" | "baseUrl"> &
  Pick<AttemptParts, "resolve" | "madeOf" | "log"> &
  Readonly<{
    fleetLog: Pick<FleetLog, "append">;
    counts: Pick<WorkerCounts, "step" | "putBack">;
    /** Id of this worker. */
    worker: string;
  }>;

/** What a run must know of its worker when it ends. */
export type Surroundings = Readonly<{
  isOutOfUse: () => boolean;
  /** Whether pictures would be where heads look for them. */
  hasPlace: () => boolean;
  closing: () => boolean;
}>;

/** One attempt at a job of the fleet. What comes of it goes with the lease and into the log; a lost lease ends it silently. */
export class WorkerRun {
  readonly engine: Engine;
  readonly lease: Lease;
  readonly run: TaskRun;
  stopping = false;
  readonly #parts: WorkerRunParts;
  /** The task as it was when its lease was taken: how often it was begun, and the pictures that there were. */
  readonly #live: LiveTask;
  readonly #told: Happenings;
  /** What its pictures were made of, once that is known. */
  #making: string | null = null;
  #goesBack: Promise<void> | undefined;
  #isBack = false;

  constructor(lease: Lease, engine: Engine, pace: DecodingPace, parts: WorkerRunParts) {
    const { job, state } = lease;
    this.lease = lease;
    this.engine = engine;
    this.#parts = parts;
    this.#live = taskOfJob(job, state);
    const { task, attempts, images } = this.#live;
    this.#told = new Happenings(job.id, parts.fleetLog);
    const start = {
      at: Math.max(parts.now(), job.queuedAt),
      attempt: attempts + 1,
      images,
    };
    this.run = new TaskRun(task, { ...parts, engine, pace, baseUrl: () => job.baseUrl }, start, {
      update: () => undefined,
      tell: (happening) => {
        if (happening.type === "progress" && happening.moment.now === "step") parts.counts.step();
        this.#told.tell(happening);
      },
      keep: async (saved) => {
        await lease.keep({ images: saved });
      },
    });
  }

  get id(): TaskId {
    return this.lease.job.id;
  }

  /** How many pictures it stored. */
  get made(): number {
    return Math.max(0, this.lease.state.images.length - this.#live.images.length);
  }

  /** Asks it to stop, or to skip its image. A stop outlasts this worker. */
  interrupt(action: "stop" | "skip"): void {
    this.run.interrupt(action);
    if (action === "skip" || this.stopping) return;
    this.stopping = true;
    void this.lease.keep({ stopping: true });
  }

  /** Whether it was let go of, and the fleet knows: what still comes of its engine is nobody's. */
  get isBack(): boolean {
    return this.#isBack;
  }

  /** Lets go of it at once; another worker goes on with what it has. */
  async abandon(why = "its worker is closed"): Promise<void> {
    this.run.abandon();
    this.#goesBack ??= this.#handBack(this.#live.attempts, why);
    await this.#goesBack;
    this.#isBack = true;
  }

  /** Makes the pictures. Never throws. @returns how it leaves the engine */
  async work({ isOutOfUse, hasPlace, closing }: Surroundings): Promise<SlotEnd> {
    const { lease, run } = this;
    const { task: accepted, attempts: before, images } = this.#live;
    const abandon = (): void => run.abandon();
    lease.lost.addEventListener("abort", abandon);
    try {
      const left = endOfUnfinished({ stopping: lease.state.stopping, attempt: before, images, fault: null });
      if (left !== undefined) {
        await this.#finish(accepted, left, null);
        return "idle";
      }
      const { task, end, slot } = await this.#attempt();
      if (end === undefined || run.abandoned) return slot;
      const fate = fateOf({
        code: end.error?.code,
        isOutOfUse: isOutOfUse() || !hasPlace(),
        stopping: this.stopping,
        closing: closing(),
        attempts: before + 1,
      });
      switch (fate) {
        case "ends":
          await this.#finish(task, end, this.#making);
          break;
        case "stopped":
          await this.#finish(task, run.stopped(), this.#making);
          break;
        case "handed-back":
          await this.#handBack(before, "its worker is closed");
          break;
        case "again":
          await this.#handBack(before + 1, "an engine died");
          break;
        case "elsewhere":
          await this.#handBack(
            before,
            hasPlace() ? `${this.engine.name} cannot be opened` : "its pictures would not be found",
          );
          break;
      }
      return slot;
    } finally {
      lease.lost.removeEventListener("abort", abandon);
    }
  }

  /** What a server writes into its history goes with the lease: whoever takes the job next knows it. */
  async #attempt() {
    const { worker, log, resolve, madeOf, fleetLog } = this.#parts;
    const { lease, id } = this;
    const on = `${worker}/${this.engine.name}`;
    return await attempt(this, this.#live, {
      log,
      resolve,
      madeOf,
      started: async (attempt) => {
        await lease.keep({ attempts: attempt });
      },
      recipe: async () => lease.job.recipe,
      warned: async (warnings) => {
        await lease.keep({ warnings });
        void fleetLog.append({ taskId: id, type: "warned", warnings });
      },
      keepMaking: async (making) => {
        this.#making = making;
      },
      tell: (happening) => this.#told.tell(happening.type === "started" ? { ...happening, on } : happening),
    });
  }

  async #finish(task: Task, end: End, making: string | null): Promise<void> {
    const { worker, now } = this.#parts;
    await this.#told.all();
    const isDone = await this.lease.done({ end, warnings: task.warnings, making, worker, endedAt: now() });
    const { line } = this.lease;
    if (isDone) void this.#parts.fleetLog.append({ taskId: this.id, type: "ended", line });
  }

  async #handBack(attempts: number, why: string): Promise<void> {
    await this.#told.all();
    const isBack = await this.lease.handBack({ attempts }, true);
    if (!isBack) return;
    this.#parts.counts.putBack();
    this.#parts.log.warn("a task goes back to the fleet", { task: this.id, reason: why });
    void this.#parts.fleetLog.append({ taskId: this.id, type: "put-back", attempts, why });
  }
}
