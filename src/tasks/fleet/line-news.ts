import type { TaskId } from "#/lib/task-id.ts";
import type { FleetEvents } from "./fleet-events.ts";
import type { FleetTasks } from "./fleet-tasks.ts";

/** Milliseconds between two tellings of the waiting line: in a large fleet it changes hundreds of times a second. */
const every = 200;

/** So many of the first are told of their places; who is farther behind hears of it when he comes that near. */
const told = 100;

/** Tells the readers of this head how the waiting line is, some times a second at most. */
export class LineNews {
  readonly #events: Pick<FleetEvents, "whisper" | "addServer">;
  readonly #tasks: FleetTasks;
  #places = new Map<TaskId, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(events: Pick<FleetEvents, "whisper" | "addServer">, tasks: FleetTasks) {
    this.#events = events;
    this.#tasks = tasks;
  }

  /** It is another one than it was. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, every);
    this.#timer.unref();
  }

  /** A task's place was told with the task itself; only another one is news. */
  heard(id: TaskId, position: number, ahead: number): void {
    this.#places.set(id, placed(position, ahead));
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const { waiting, waitingTasks, runningIds, paused } = this.#tasks;
    const places = new Map<TaskId, string>();
    for (const [place, { id, label }] of waitingTasks.slice(0, told).entries()) {
      const ahead = place + runningIds.length;
      places.set(id, placed(place + 1, ahead));
      if (this.#places.get(id) === places.get(id)) continue;
      this.#events.whisper(id, { type: "queued", position: place + 1, ahead, label });
    }
    this.#places = places;
    this.#events.addServer({ type: "queue", pending: [...waiting], paused });
  }
}

const placed = (position: number, ahead: number): string => `${position} ${ahead}`;
