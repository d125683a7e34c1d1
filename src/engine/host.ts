import { EngineError, type WireError } from "#/lib/errors.ts";
import { Inbox } from "#/lib/inbox.ts";
import { ReadAhead } from "#/lib/read-ahead.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Channel } from "./channel.ts";
import type { Engine, EngineState } from "./engine.ts";
import type { EngineEvent, EngineSettings, JobCommand } from "./protocol.ts";

/** Milliseconds that an engine is left alone after it broke twice in a row, and at most, however often it breaks. */
const firstRest = 500;
const longestRest = 30_000;

/** Waits so many milliseconds, without keeping the process for that. */
export type Rest = (milliseconds: number) => Promise<void>;

const rest: Rest = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });

/**
 * The main thread's side of the engine: starts it, hands it jobs, turns its messages into one event stream per job.
 * When the other side dies every job it had settles as failed (`worker-died`) and the next job starts a new one, so
 * a queue behind it always goes on.
 */
export class EngineHost implements Engine {
  readonly #settings: EngineSettings;
  readonly #open: () => Channel;
  readonly #rest: Rest;
  readonly #ahead = new ReadAhead();
  readonly #jobs = new Map<TaskId, Inbox<EngineEvent>>();
  readonly #listeners = new Set<(state: EngineState) => void>();
  #channel: Channel | undefined;
  #closing = false;
  /** Which state it has between jobs: one that could not be opened stays as it is, and is not ready. */
  #rests: "ready" | "failed" = "ready";
  /** How often it broke since it last did what it was asked. */
  #breaks = 0;
  #state: EngineState = { state: "starting", device: null, refused: [], loaded: [] };

  /**
   * @param settings what the engine is started with, also after it died
   * @param open     starts a thread or a process and returns the way to talk to it
   * @param wait     how the rest after a break is waited for
   */
  constructor(settings: EngineSettings, open: () => Channel, wait: Rest = rest) {
    this.#settings = settings;
    this.#open = open;
    this.#rest = wait;
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
    this.#jobs.set(command.id, inbox);
    try {
      this.#connected().post(command);
      this.#change({ ...this.#state, state: "busy" });
      yield* inbox;
    } finally {
      this.#jobs.delete(command.id);
      if (this.#jobs.size === 0) this.#ahead.cancel();
      if (this.#jobs.size === 0 && this.#state.state === "busy")
        this.#change({ ...this.#state, state: this.#rests });
    }
  }

  /** Asks the running job to end at its next step; unknown ids are ignored. */
  control(id: TaskId, action: "skip" | "stop"): void {
    if (this.#jobs.has(id)) this.#channel?.post({ type: "control", id, action });
  }

  /** Asks the engine to give back the memory of its networks once the running job is done; one that was never started has none. */
  unload(): void {
    this.#channel?.post({ type: "unload" });
  }

  async restored(): Promise<void> {
    if (this.#breaks > 1) await this.#rest(Math.min(firstRest * 2 ** (this.#breaks - 2), longestRest));
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

  #connected(): Channel {
    if (this.#channel !== undefined) return this.#channel;
    if (this.#closing)
      throw new EngineError("interrupted", "The server is shutting down; the engine takes no new job.");
    const channel = this.#opened();
    this.#channel = channel;
    channel.onEvent((event) => this.#receive(event));
    channel.onClosed((reason) => this.#lost(reason));
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
    switch (event.type) {
      case "ready":
        this.#rests = "ready";
        return this.#change({
          ...this.#state,
          state: this.#jobs.size > 0 ? "busy" : "ready",
          device: event.device,
          refused: event.refused,
        });
      case "broken":
        this.#rests = "failed";
        return this.#fail(event.error);
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
        return this.#jobs.get(event.id)?.push(event);
      case "settled": {
        if (event.outcome.status !== "failed") {
          this.#breaks = 0;
          this.#rests = "ready";
        }
        const inbox = this.#jobs.get(event.id);
        inbox?.push(event);
        return inbox?.close();
      }
    }
  }

  #lost(reason: string): void {
    this.#channel = undefined;
    this.#rests = "ready";
    this.#onGone();
    if (this.#closing && this.#jobs.size === 0) return;
    const message = `The engine died while it worked: ${reason}. The next task starts it again.`;
    this.#fail({ code: "worker-died", message, details: {} });
    if (!this.#closing) this.#change({ state: "restarting", device: null, refused: [], loaded: [] });
  }

  #fail(error: WireError): void {
    this.#breaks += 1;
    for (const [id, inbox] of this.#jobs) {
      inbox.push({ type: "settled", id, outcome: { status: "failed", error } });
      inbox.close();
    }
    this.#change({ ...this.#state, state: "failed" });
  }

  #change(state: EngineState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
