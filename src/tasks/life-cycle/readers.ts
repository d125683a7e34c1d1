import type { TaskId } from "#/lib/task-id.ts";
import type { Endings } from "./endings.ts";
import type { EventLog } from "./event-log.ts";
import type { LiveEvent } from "./events.ts";
import { follower } from "./follower.ts";
import type { Runner } from "./runner.ts";

/** What everybody who waits for something is told when the server goes. */
const closing = {
  type: "closing",
  message: "The server is shutting down; what waits or runs is kept and goes on when it is started again.",
} as const;

/** Looks back, and hands what happened to `look` in the very step in which it looks; see `backlog` of TaskReader. */
type LookBack = <T>(look: (before: readonly LiveEvent[]) => T) => Promise<T>;

/**
 * Everybody who waits for tasks, and how far the server is with closing. First nothing more is begun: who waits for a
 * task that only waits has nothing to hope for and is told at once. Then it is over for all: the picture at hand is done,
 * or handed back.
 */
export class Readers {
  readonly #events: EventLog;
  readonly #runner: Pick<Runner, "find" | "isRunning">;
  readonly #endings: Pick<Endings, "isUntold">;
  readonly #begun = new AbortController();
  readonly #over = new AbortController();

  constructor(
    events: EventLog,
    runner: Pick<Runner, "find" | "isRunning">,
    endings: Pick<Endings, "isUntold">,
  ) {
    this.#events = events;
    this.#runner = runner;
    this.#endings = endings;
  }

  /** Aborted when nobody hears anything more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** From now on no further task is begun. */
  beginClosing(): void {
    this.#begun.abort();
  }

  /** Tells everybody who is left, once. */
  close(): void {
    if (this.over.aborted) return;
    this.#events.addServer(closing);
    this.#over.abort();
  }

  /** Waits until a task has ended, or will not in this process, or `signal` says. */
  async untilSettled(id: TaskId, signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.over]);
    await new Promise<void>((resolve) => {
      const answer = (): void => {
        stop();
        ended.removeEventListener("abort", answer);
        this.#begun.signal.removeEventListener("abort", part);
        resolve();
      };
      const part = (): void => {
        if (this.#hearNoMoreOf([id])) answer();
      };
      const stop = this.#events.subscribe((event) => {
        if (event.taskId === id && event.type === "settled") answer();
      });
      ended.addEventListener("abort", answer);
      this.#begun.signal.addEventListener("abort", part);
      if (ended.aborted || !this.#willBeToldOf(id)) answer();
      else part();
    });
  }

  /**
   * What happened before, and then what happens. It listens first and looks back second; of what a task did while it looked, the
   * look back tells.
   *
   * @param lookBack see `backlog` of TaskReader
   */
  async *follow(
    of: readonly TaskId[] | "all",
    signal: AbortSignal,
    lookBack: LookBack,
  ): AsyncGenerator<LiveEvent, void, undefined> {
    if (signal.aborted) return;
    const unread = follower();
    const meanwhile: LiveEvent[] = [];
    let hasLooked = false;
    const stop = this.#events.subscribe((event) => {
      const wanted = of === "all" || (event.taskId !== null && of.includes(event.taskId));
      if (!wanted && event.type !== "closing") return;
      if (hasLooked) unread.push(event);
      else if (event.taskId === null) meanwhile.push(event);
    });
    const leave = (): void => unread.close();
    const part = (): void => {
      if (!this.#hearNoMoreOf(of)) return;
      unread.push(this.#events.serverSnapshot(closing));
      unread.close();
    };
    const begun = this.#begun.signal;
    for (const left of [signal, this.over]) left.addEventListener("abort", leave);
    begun.addEventListener("abort", part);
    try {
      const { before, hasEnded } = await lookBack((events) => {
        hasLooked = true;
        // Of tasks that have ended, or never were, nothing more will come.
        return { before: events, hasEnded: of !== "all" && !of.some((id) => this.#willBeToldOf(id)) };
      });
      if (begun.aborted) part();
      yield* [...before, ...meanwhile].toSorted((a, b) => a.seq - b.seq);
      if (!hasEnded) yield* unread;
    } finally {
      stop();
      for (const left of [signal, this.over]) left.removeEventListener("abort", leave);
      begun.removeEventListener("abort", part);
    }
  }

  /** Whether a task's end is still to come. */
  #willBeToldOf(id: TaskId): boolean {
    return this.#runner.find(id) !== undefined || this.#endings.isUntold(id);
  }

  /** Whether this process does nothing more that a reader of these waits for. */
  #hearNoMoreOf(of: readonly TaskId[] | "all"): boolean {
    const isRunning =
      of === "all" || of.some((id) => this.#runner.isRunning(id) || this.#endings.isUntold(id));
    return this.over.aborted || (this.#begun.signal.aborted && !isRunning);
  }
}
