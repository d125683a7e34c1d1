import type { TaskId } from "#/lib/task-id.ts";
import type { EventLog } from "./event-log.ts";
import type { LiveEvent } from "./events.ts";
import { follower } from "./follower.ts";
import type { TaskRunner } from "./runner.ts";

/** What everybody who waits for something is told when the server goes. */
const closing = {
  type: "closing",
  message: "The server is shutting down; what waits or runs is kept and goes on when it is started again.",
} as const;

/**
 * Everybody who waits for tasks, and how far the server is with closing. First nothing more is begun: who waits for a
 * task that only waits has nothing to hope for and is told at once. Then it is over for all: the picture at hand is done,
 * or handed back.
 */
export class Readers {
  readonly #events: EventLog;
  readonly #runner: Pick<TaskRunner, "find" | "isRunning">;
  readonly #begun = new AbortController();
  readonly #over = new AbortController();

  constructor(events: EventLog, runner: Pick<TaskRunner, "find" | "isRunning">) {
    this.#events = events;
    this.#runner = runner;
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
      if (ended.aborted || this.#runner.find(id) === undefined) answer();
      else part();
    });
  }

  /**
   * Subscribes first and looks back second, in one go, so that nothing falls between.
   *
   * @param missed what happened before
   */
  async *follow(
    of: readonly TaskId[] | "all",
    signal: AbortSignal,
    missed: () => readonly LiveEvent[],
  ): AsyncGenerator<LiveEvent, void, undefined> {
    if (signal.aborted) return;
    const unread = follower();
    const stop = this.#events.subscribe((event) => {
      const wanted = of === "all" || (event.taskId !== null && of.includes(event.taskId));
      if (wanted || event.type === "closing") unread.push(event);
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
      const before = missed();
      // Of tasks that have ended, or never were, nothing more will come.
      const ended = of !== "all" && of.every((id) => this.#runner.find(id) === undefined);
      if (begun.aborted) part();
      yield* before;
      if (!ended) yield* unread;
    } finally {
      stop();
      for (const left of [signal, this.over]) left.removeEventListener("abort", leave);
      begun.removeEventListener("abort", part);
    }
  }

  /** Whether this process does nothing more that a reader of these waits for. */
  #hearNoMoreOf(of: readonly TaskId[] | "all"): boolean {
    const isRunning = of === "all" || of.some((id) => this.#runner.isRunning(id));
    return this.over.aborted || (this.#begun.signal.aborted && !isRunning);
  }
}
