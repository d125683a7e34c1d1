import type { TaskId } from "#/engine/protocol.ts";

/** The waiting tasks in order. In memory: the rows in the history are what lasts, this is rebuilt from them. */
export class TaskQueue {
  #ids: TaskId[] = [];
  #paused = false;

  get ids(): readonly TaskId[] {
    return this.#ids;
  }

  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
  }

  add(id: TaskId): void {
    this.#ids.push(id);
  }

  /** The next task to run, unless the queue is paused. */
  take(): TaskId | undefined {
    return this.#paused ? undefined : this.#ids.shift();
  }

  /** Back to the front: a task that was taken and could not be finished. */
  giveBack(id: TaskId): void {
    this.#ids.unshift(id);
  }

  /** @returns whether it was waiting */
  remove(id: TaskId): boolean {
    const before = this.#ids.length;
    this.#ids = this.#ids.filter((other) => other !== id);
    return this.#ids.length < before;
  }

  /** Moves a task before another, or to the end. @returns whether both were waiting */
  move(id: TaskId, before: TaskId | null): boolean {
    if (!this.#ids.includes(id) || (before !== null && !this.#ids.includes(before))) return false;
    if (id === before) return true;
    this.remove(id);
    const at = before === null ? this.#ids.length : this.#ids.indexOf(before);
    this.#ids.splice(at, 0, id);
    return true;
  }
}
