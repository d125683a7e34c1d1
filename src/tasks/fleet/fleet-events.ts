import type { FleetLog } from "#/fleet/fleet-log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { EventLog } from "../life-cycle/event-log.ts";
import type { LiveEvent, ServerHappening, TaskHappening } from "../life-cycle/events.ts";

/**
 * The events of a fleet as one of its heads has them. What happens to tasks is told to all heads and comes back with its number,
 * which is the same for all; what concerns this head alone is told here, under the number that was the last.
 */
export class FleetEvents extends EventLog {
  readonly #log: Pick<FleetLog, "append">;
  /** Tasks whose ends this head has told, and that did not come back yet. */
  readonly #told = new Set<string>();
  #heard: number;

  /** @param start the number before the oldest event that is kept */
  constructor(log: Pick<FleetLog, "append">, start: number, now: () => number) {
    super({ start, next: () => this.seq, close: () => Promise.resolve() }, now);
    this.#log = log;
    this.#heard = start;
  }

  /** Number of the last entry of the fleet's log that this head has heard. */
  get heard(): number {
    return this.#heard;
  }

  hear(seq: number): void {
    this.#heard = seq;
  }

  /** Whether the end that is just told was recorded by this very head: of all heads that hear of it, one counts it. */
  isOwnEnd(id: string): boolean {
    return this.#told.has(id);
  }

  override take(event: LiveEvent): void {
    super.take(event);
    if (event.type === "settled") this.#told.delete(event.taskId);
  }

  override addTask(taskId: TaskId, happening: TaskHappening): void {
    if (happening.type === "snapshot") return super.addTask(taskId, happening);
    if (happening.type === "settled") this.#told.add(taskId);
    void this.#log.append({ taskId, ...happening });
  }

  override addServer(happening: ServerHappening): void {
    switch (happening.type) {
      case "removed":
      case "starred":
        void this.#log.append({ taskId: null, ...happening });
        return;
      case "queue":
      case "engine":
      case "closing":
        return super.addServer(happening);
    }
  }

  /** Tells readers here alone what is true of a task now. */
  whisper(taskId: TaskId, happening: TaskHappening): void {
    super.addTask(taskId, happening);
  }

  /** Whether the end of a task was told. */
  hasSettled(taskId: TaskId): boolean {
    return this.of(taskId, 0)?.at(-1)?.type === "settled";
  }
}
