import { EngineError, toWireError, type WireError } from "#/lib/errors.ts";
import { Inbox } from "#/lib/inbox.ts";
import { ReadAhead } from "#/lib/read-ahead.ts";
import { watchProcess } from "#/lib/still-process.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { type Channel, isWhole } from "./channel.ts";
import type { Engine, EngineState } from "./engine.ts";
import type { EngineEvent, EngineSettings, JobCommand } from "./protocol.ts";
import { Reopening, type Rest } from "./reopening.ts";

/** Milliseconds that an engine is left alone after it broke twice in a row, and at most, however often it breaks. */
const firstRest = 500;
const longestRest = 30_000;

/** A job at hand. */
type Job = {
  readonly command: JobCommand;
  readonly inbox: Inbox<EngineEvent>;
  /** What it was asked for meanwhile. */
  readonly asked: ("skip" | "stop")[];
  /** Whether its engine was idle when it got the job, and has said nothing since: it may have been dead already. */
  isUnheard: boolean;
};

/** What an engine is called, and how one is treated that does not do what it is asked. */
export type HostOptions = Readonly<{
  name?: string;
  /** Milliseconds for which the process of an engine with a job may stand still before it is ended; 0 for any time. */
  stillness?: number;
  /** How the rest after a break is waited for. */
  rest?: Rest;
  /** How its process is watched. */
  watch?: typeof watchProcess;
}>;

const pause: Rest = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });

/**
 * The main thread's side of the engine: starts it, hands it jobs, turns its messages into one event stream per job.
 * When the other side dies every job it had settles as failed (`worker-died`) and the next job starts a new one, so
 * a queue behind it always goes on. One that could not be opened is let go, and opened again by the next job, or by itself after a
 * rest that gets longer: what was in its way, other programs on its card say, may be gone by then. A job that was handed to an idle engine of which nothing was heard any more had not begun: it
 * is given to a new one, once.
 */
export class EngineHost implements Engine {
  readonly #settings: EngineSettings;
  readonly #open: () => Channel;
  readonly #options: Required<HostOptions>;
  readonly #reopening: Reopening;
  readonly #ahead = new ReadAhead();
  readonly #jobs = new Map<TaskId, Job>();
  readonly #listeners = new Set<(state: EngineState) => void>();
  #channel: Channel | undefined;
  #closing = false;
  /** Whether the engine that is there has said that it is ready. */
  #isOpen = false;
  /** Which state it has between jobs: one that could not be opened stays as it is, and is not ready. */
  #rests: "ready" | "failed" = "ready";
  /** Why the engine was ended from here, if it was. */
  #ended: string | undefined;
  /** How often it broke since it last did what it was asked. */
  #breaks = 0;
  #state: EngineState = { state: "starting", device: null, refused: [], loaded: [] };

  /**
   * @param settings what the engine is started with, also after it died
   * @param open     starts a thread or a process and returns the way to talk to it
   * @param options  by default none counts as hung
   */
  constructor(settings: EngineSettings, open: () => Channel, options: HostOptions = {}) {
    this.#settings = settings;
    this.#open = open;
    this.#options = { name: "engine", stillness: 0, rest: pause, watch: watchProcess, ...options };
    this.#reopening = new Reopening(this.#options.rest, () => this.#openAgain());
  }

  get name(): string {
    return this.#options.name;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Calls `listener` at every change of state; returns the way to stop it. */
  subscribe(listener: (state: EngineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Runs one job. The last event is always `settled`, whatever becomes of the engine. */
  async *run(command: JobCommand): AsyncGenerator<EngineEvent, void, undefined> {
    const inbox = new Inbox<EngineEvent>();
    const isUnheard = this.#channel !== undefined && this.#isOpen && this.#jobs.size === 0;
    this.#jobs.set(command.id, { command, inbox, asked: [], isUnheard });
    let unwatch: () => void = () => undefined;
    try {
      const channel = this.#connected();
      channel.post(command);
      unwatch = this.#watched(channel);
      this.#change({ ...this.#state, state: "busy" });
      yield* inbox;
    } finally {
      unwatch();
      this.#jobs.delete(command.id);
      if (this.#jobs.size === 0) this.#ahead.cancel();
      if (this.#jobs.size === 0 && this.#state.state === "busy")
        this.#change({ ...this.#state, state: this.#rests });
    }
  }

  /** Asks the running job to end at its next step; unknown ids are ignored. */
  control(id: TaskId, action: "skip" | "stop"): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.asked.push(action);
    this.#channel?.post({ type: "control", id, action });
  }

  /** Asks the engine to give back the memory of its networks once the running job is done; one that was never started has none. */
  unload(): void {
    this.#channel?.post({ type: "unload" });
  }

  async restored(): Promise<void> {
    if (this.#breaks > 1)
      await this.#options.rest(Math.min(firstRest * 2 ** (this.#breaks - 2), longestRest));
  }

  /**
   * Asks the engine to leave and waits for it, at most `milliseconds`; a network run cannot be interrupted, so the
   * caller ends the process after that.
   */
  async close(milliseconds = 5000): Promise<void> {
    this.#closing = true;
    const channel = this.#channel;
    if (channel === undefined) return;
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve;
    });
    channel.post({ type: "shutdown" });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([gone, late]);
    clearTimeout(timer);
    channel.kill();
  }

  #onGone: () => void = () => undefined;

  /** A process that stands still while it has a job is ended: it would keep the job, and all behind it, for ever. */
  #watched(channel: Channel): () => void {
    const { stillness, watch } = this.#options;
    const { pid } = channel;
    if (pid === undefined || stillness <= 0) return () => undefined;
    return watch(pid, stillness, () => {
      this.#ended = `the engine process stood still for ${stillness / 1000} s and was ended`;
      channel.kill();
    });
  }

  #connected(): Channel {
    if (this.#channel !== undefined) return this.#channel;
    if (this.#closing)
      throw new EngineError("interrupted", "The server is shutting down; the engine takes no new job.");
    const channel = this.#opened();
    this.#channel = channel;
    // What is still told of one that was let go is nobody's business.
    channel.onEvent((event) => {
      if (this.#channel === channel) this.#receive(event);
    });
    channel.onClosed((reason) => {
      if (this.#channel === channel) this.#lost(reason);
    });
    channel.post({ type: "start", settings: this.#settings });
    return channel;
  }

  /** @throws EngineError `worker-died` if the system starts none */
  #opened(): Channel {
    try {
      return this.#open();
    } catch (thrown) {
      this.#breaks += 1;
      throw thrown;
    }
  }

  #receive(event: EngineEvent): void {
    for (const job of this.#jobs.values()) job.isUnheard = false;
    switch (event.type) {
      case "ready":
        this.#rests = "ready";
        this.#isOpen = true;
        this.#reopening.end();
        return this.#change({
          ...this.#state,
          state: this.#jobs.size > 0 ? "busy" : "ready",
          device: event.device,
          refused: event.refused,
        });
      case "broken":
        this.#rests = "failed";
        this.#fail(event.error);
        return this.#letGo();
      case "loaded":
        return this.#change({ ...this.#state, loaded: event.models });
      case "reads":
        if (this.#jobs.size > 0) void this.#ahead.start(event.stretches);
        return;
      case "progress":
      case "note":
      case "image":
      case "passed":
      case "answer":
        return this.#jobs.get(event.id)?.inbox.push(event);
      case "settled": {
        if (event.outcome.status !== "failed") {
          this.#breaks = 0;
          this.#rests = "ready";
        }
        const inbox = this.#jobs.get(event.id)?.inbox;
        inbox?.push(event);
        return inbox?.close();
      }
    }
  }

  /** Ends an engine that cannot work; what it may have opened is in nobody's way then. */
  #letGo(): void {
    const channel = this.#channel;
    this.#channel = undefined;
    this.#isOpen = false;
    this.#onGone();
    channel?.post({ type: "shutdown" });
    channel?.kill();
    if (!this.#closing) this.#reopening.begin();
  }

  /** Where no job has opened it meanwhile. @throws EngineError `worker-died` if the system starts none */
  #openAgain(): void {
    if (!this.#closing && this.#channel === undefined && this.#rests === "failed") this.#connected();
  }

  #lost(reason: string): void {
    const isOpening = this.#rests === "failed" && !this.#isOpen && this.#jobs.size === 0;
    this.#channel = undefined;
    this.#isOpen = false;
    if (isOpening) {
      this.#onGone();
      return this.#reopening.begin();
    }
    this.#rests = "ready";
    this.#onGone();
    if (this.#closing && this.#jobs.size === 0) return;
    const message = `The engine died while it worked: ${this.#ended ?? reason}. The next task starts it again.`;
    this.#ended = undefined;
    const unbegun = [...this.#jobs.values()].filter(
      ({ isUnheard, command }) => isUnheard && !this.#closing && isWhole(command),
    );
    this.#fail({ code: "worker-died", message, details: {} }, unbegun);
    if (!this.#closing) this.#change({ state: "restarting", device: null, refused: [], loaded: [] });
    for (const job of unbegun) this.#giveAgain(job);
  }

  #giveAgain(job: Job): void {
    job.isUnheard = false;
    try {
      const channel = this.#connected();
      channel.post(job.command);
      for (const action of job.asked) channel.post({ type: "control", id: job.command.id, action });
      this.#change({ ...this.#state, state: "busy" });
    } catch (thrown) {
      settleAsFailed(job, toWireError(thrown));
    }
  }

  /** @param spared jobs that this does not end */
  #fail(error: WireError, spared: readonly Job[] = []): void {
    this.#breaks += 1;
    for (const job of this.#jobs.values()) if (!spared.includes(job)) settleAsFailed(job, error);
    this.#change({ ...this.#state, state: "failed" });
  }

  #change(state: EngineState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function settleAsFailed({ command: { id }, inbox }: Job, error: WireError): void {
  inbox.push({ type: "settled", id, outcome: { status: "failed", error } });
  inbox.close();
}
