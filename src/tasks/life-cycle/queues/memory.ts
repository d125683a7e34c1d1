import type { TaskId } from "#/lib/task-id.ts";
import type { TaskQueue } from "../queue.ts";

/** The queue of one process. */
export class MemoryQueue implements TaskQueue {
  paused = false;
  #ids: TaskId[] = [];

  get ids(): readonly TaskId[] {
    return this.#ids;
  }

  add(id: TaskId): void {
    this.#ids.push(id);
  }

  remove(id: TaskId): boolean {
    const before = this.#ids.length;
    this.#ids = this.#ids.filter((other) => other !== id);
    return this.#ids.length < before;
  }

  move(id: TaskId, before: TaskId | null): boolean {
    if (!this.#ids.includes(id) || (before !== null && !this.#ids.includes(before))) return false;
    if (id === before) return true;
    this.remove(id);
    const at = before === null ? this.#ids.length : this.#ids.indexOf(before);
    this.#ids.splice(at, 0, id);
    return true;
  }
}
