import type { Engine } from "#/engine/engine.ts";
import type { Fleet } from "#/fleet/fleet.ts";
import type { WorkerMessage } from "#/fleet/inboxes.ts";
import type { ModelFile } from "#/fleet/jobs.ts";
import type { First } from "#/fleet/lines.ts";
import type { MemberEngine } from "#/fleet/roll.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { Affinity } from "../life-cycle/affinity.ts";
import type { DiskWait } from "../life-cycle/disk-wait.ts";
import { openOn, type SlotEnd, SlotPool } from "../life-cycle/slot-pool.ts";
import { DecodingPaces } from "../life-cycle/time-left.ts";
import { WorkerCounts } from "./worker-counts.ts";
import { WorkerQuestions } from "./worker-questions.ts";
import { WorkerRun, type WorkerRunParts } from "./worker-run.ts";

/** What a worker works with. */
export type WorkerParts = Omit<WorkerRunParts, "fleetLog" | "counts"> &
  Readonly<{
    fleet: Fleet;
    engines: readonly Engine[];
    /** Whether files are here, the very same. */
    hasFiles: (needs: readonly ModelFile[]) => boolean;
    decoding: DecodeGate;
    disk: Pick<DiskWait, "hasRoom">;
    /** Whether pictures would be where heads look for them. */
    hasPlace: () => boolean;
    /** Milliseconds for which a task may be passed over by those whose checkpoint is open on an idle engine. */
    passingLimit: number;
    /** Told when it takes tasks, or does no more. */
    changed: () => void;
  }>;

/** Milliseconds for which a Redis is waited for that is to be told that tasks go back; their leases end by themselves. */
const lastWords = 5000;

/** Whether a worker takes tasks: not while it is paused; after its last one it leaves when it drains. */
export type WorkerState = "ready" | "paused" | "draining";

/** Milliseconds between two looks at the lines where nobody rang. */
const lookEvery = 1000;

/** Takes tasks of the fleet that its files can make, one on each engine, whatever becomes of each. */
export class FleetWorker {
  readonly counts: WorkerCounts;
  readonly #parts: WorkerParts;
  readonly #slots: SlotPool;
  readonly #affinity: Affinity;
  readonly #questions: WorkerQuestions;
  readonly #paces = new DecodingPaces();
  readonly #running = new Map<TaskId, WorkerRun>();
  readonly #left = Promise.withResolvers<void>();
  readonly #over = new AbortController();
  #state: WorkerState = "ready";
  #closing = false;
  #hasLeft = false;
  #lookAgain = false;
  /** While it looks: until it has. */
  #looked: Promise<void> | undefined;
  /** Whether a question had the last engine: the next one is a task's, where one waits. */
  #answeredLast = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.counts = new WorkerCounts(parts.now);
    this.#slots = new SlotPool(parts.engines, () => this.look(), parts.log);
    this.#affinity = new Affinity(parts.passingLimit, parts.now);
    this.#questions = new WorkerQuestions({
      ...parts,
      questions: parts.fleet.questions,
      isOutOfUse: (engine) => this.#slots.isOutOfUse(engine),
      attend: () => {
        this.look();
        this.#leaveWhenIdle();
      },
    });
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Whether it takes nothing more. */
  get isLeaving(): boolean {
    return this.#closing || this.#state === "draining";
  }

  /** Fulfilled when it was told to leave, and has nothing left to do. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** Its engines, and what runs on each. */
  get engines(): readonly MemberEngine[] {
    const slots = [...this.#slots.idle, ...this.#slots.lent];
    return this.#parts.engines.map((engine) => ({
      name: engine.name,
      device: engine.state.device ?? "",
      state: engine.state.state,
      task: this.#running.values().find((run) => run.engine === engine)?.id ?? null,
      checkpoint: slots.find((slot) => slot.engine === engine)?.checkpoint ?? null,
    }));
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), lookEvery);
    void this.#listen();
    this.look();
  }

  /** Takes what can be taken. Rung for, or by the clock. */
  look(): void {
    this.#lookAgain = true;
    this.#looked ??= this.#looks().finally(() => {
      this.#looked = undefined;
      if (this.#lookAgain) this.look();
      else this.#leaveWhenIdle();
    });
  }

  /** Takes nothing more and waits for the tasks at hand, at most so long; hands the others back. */
  async close(milliseconds: number): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    const until = performance.now() + milliseconds;
    while (this.#isAtWork && performance.now() < until) await Bun.sleep(50);
    const back = Promise.all(this.#atHand.map((run) => run.abandon()));
    const all = Promise.all([back, this.#looked, this.#questions.letGo()]);
    await Promise.race([all, Bun.sleep(lastWords)]);
    this.#over.abort();
  }

  /** What runs here and was not handed back. */
  get #atHand(): readonly WorkerRun[] {
    return [...this.#running.values()].filter(({ isBack }) => !isBack);
  }

  async #listen(): Promise<void> {
    const { fleet, worker } = this.#parts;
    for await (const message of fleet.inboxes.listen(worker, this.#over.signal)) this.#hear(message);
  }

  #hear(message: WorkerMessage): void {
    switch (message.type) {
      case "ring":
        return this.look();
      case "pause":
        return this.#become(this.#state === "ready" ? "paused" : this.#state);
      case "resume":
        this.#become("ready");
        return this.look();
      case "drain":
        this.#become("draining");
        return this.#leaveWhenIdle();
      case "remove":
        this.#become("draining");
        for (const run of this.#atHand)
          void run.abandon("its worker was removed").then(() => this.#leaveWhenIdle());
        void this.#questions.letGo();
        return this.#leaveWhenIdle();
      case "unload":
        for (const engine of this.#parts.engines) engine.unload();
        return;
      case "stop":
      case "skip":
        return this.#running.get(message.task)?.interrupt(message.type);
    }
  }

  #become(state: WorkerState): void {
    if (this.#state === state || this.#hasLeft) return;
    this.#state = state;
    this.#parts.changed();
  }

  /** A look that is on its way may have taken something yet, which it hands back. */
  #leaveWhenIdle(): void {
    if (this.#state !== "draining" || this.#isAtWork || this.#looked !== undefined) return;
    this.#hasLeft = true;
    this.#left.resolve();
  }

  get #isAtWork(): boolean {
    return this.#atHand.length + this.#questions.size > 0;
  }

  get #isOpen(): boolean {
    return !this.#closing && this.#state === "ready";
  }

  async #looks(): Promise<void> {
    try {
      while (this.#lookAgain) {
        this.#lookAgain = false;
        while (await this.#takeOne());
      }
    } catch (thrown) {
      // Redis is gone: the clock looks again, and who joined the fleet is told when it is back.
      this.#parts.log.debug("the fleet's lines cannot be looked at", { error: String(thrown) });
    }
  }

  /**
   * Gives the next work to an idle engine. Questions come before tasks, since somebody waits for the answer now; but never
   * two of them while a task waits.
   *
   * @returns whether there may be more to take
   */
  async #takeOne(): Promise<boolean> {
    if (!this.#isOpen || this.#slots.idle.length === 0) return false;
    if (this.#answeredLast && (await this.#takeTask())) {
      this.#answeredLast = false;
      return true;
    }
    this.#answeredLast = await this.#takeQuestion();
    return this.#answeredLast || (await this.#takeTask());
  }

  /** @returns whether there was one */
  #takeQuestion(): Promise<boolean> {
    return this.#questions.take((work) => {
      const slot = this.#slots.idle[0];
      if (slot === undefined || !this.#isOpen) return false;
      this.#slots.lend(slot, work);
      return true;
    });
  }

  /** @returns whether there may be more to take */
  async #takeTask(): Promise<boolean> {
    const { fleet, disk, hasPlace, hasFiles } = this.#parts;
    if (!this.#isOpen || this.#slots.idle.length === 0 || !disk.hasRoom() || !hasPlace()) return false;
    if (await fleet.flags.get("paused")) return false;
    const firsts = await fleet.lines.firsts(({ needs }) => hasFiles(needs));
    const chosen = this.#choose(firsts);
    if (chosen === undefined) return false;
    const lease = await fleet.lines.take(chosen.first.line);
    if (lease === undefined) return true;
    const slot = this.#slots.idle[chosen.engine];
    if (slot === undefined || !this.#isOpen) {
      await lease.handBack({}, true);
      return false;
    }
    this.#slots.lend(
      slot,
      (engine) => this.#run(new WorkerRun(lease, engine, this.#paces.of(engine), this.#runParts)),
      lease.job.checkpoint,
    );
    return true;
  }

  #choose(firsts: readonly First[]): Readonly<{ first: First; engine: number }> | undefined {
    const { idle, lent } = this.#slots;
    const choice = this.#affinity.choose(
      firsts.map(({ id, info }) => ({ id, checkpoint: info.checkpoint })),
      idle.map(openOn),
      lent.map(({ checkpoint }) => ({ open: checkpoint })),
    );
    const first = choice === undefined ? undefined : firsts[choice.task];
    return choice === undefined || first === undefined ? undefined : { first, engine: choice.engine };
  }

  async #run(run: WorkerRun): Promise<SlotEnd> {
    this.#running.set(run.id, run);
    const over = this.counts.begin();
    try {
      return await run.work({
        isOutOfUse: () => this.#slots.isOutOfUse(run.engine),
        hasPlace: this.#parts.hasPlace,
        closing: () => this.#closing,
      });
    } finally {
      over(run.made);
      if (this.#running.get(run.id) === run) this.#running.delete(run.id);
      this.#leaveWhenIdle();
    }
  }

  get #runParts(): WorkerRunParts {
    return { ...this.#parts, fleetLog: this.#parts.fleet.log, counts: this.counts };
  }
}
