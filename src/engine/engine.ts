import type { Device } from "#/lib/devices.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { EngineEvent, JobCommand, LoadedModel, RefusedDevice } from "./protocol.ts";

/** What the engine is doing; `device` is null until it said which one it has. */
export type EngineState = Readonly<{
  state: "starting" | "ready" | "busy" | "failed" | "restarting";
  device: Device | null;
  /** Devices that were preferred to this one, and why it is not one of them. */
  refused: readonly RefusedDevice[];
  loaded: readonly LoadedModel[];
}>;

/** The engine as the tasks see it, wherever it runs. */
export interface Engine {
  /** What operators and clients call it, where there are several. */
  readonly name: string;
  readonly state: EngineState;
  /** Calls `listener` at every change of state; returns the way to stop it. */
  subscribe(listener: (state: EngineState) => void): () => void;
  /** Runs one job; the last event is always `settled`, whatever becomes of the engine. */
  run(command: JobCommand): AsyncIterable<EngineEvent>;
  /** Asks the running job to end at its next step; unknown ids are ignored. */
  control(id: TaskId, action: "skip" | "stop"): void;
  /** Asks the engine to give back the memory of its networks once the running job is done. */
  unload(): void;
  /**
   * When an engine that broke may be given a job again; the job starts it anew. At once after the first time; one that
   * breaks over and over, without having done anything in between, is left alone for longer and longer.
   */
  restored(): Promise<void>;
  /** Asks the engine to leave and waits for it, at most `milliseconds`. */
  close(milliseconds?: number): Promise<void>;
}
