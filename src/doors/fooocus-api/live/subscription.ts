import type { TaskId } from "#/lib/task-id.ts";

/** What a reader names: everything, or some tasks. */
export type Chosen = "all" | readonly TaskId[];

/** What one reader wants to hear of. A task that is named for itself goes before what was said of all. */
export class Subscription {
  /** Whether everything is wanted, and with previews. */
  #all: Readonly<{ previews: boolean }> | undefined;
  readonly #named = new Map<TaskId, Readonly<{ wanted: boolean; previews: boolean }>>();

  add(chosen: Chosen, previews: boolean): void {
    if (chosen === "all") {
      this.#all = { previews };
      this.#named.clear();
    } else for (const id of chosen) this.#named.set(id, { wanted: true, previews });
  }

  remove(chosen: Chosen): void {
    if (chosen === "all") {
      this.#all = undefined;
      this.#named.clear();
    } else if (this.#all === undefined) for (const id of chosen) this.#named.delete(id);
    else for (const id of chosen) this.#named.set(id, { wanted: false, previews: false });
  }

  /** @param id null for what concerns the server, which is told to readers of everything */
  wants(id: TaskId | null): boolean {
    const named = id === null ? undefined : this.#named.get(id);
    return named?.wanted ?? this.#all !== undefined;
  }

  wantsPreviews(id: TaskId): boolean {
    return (this.#named.get(id) ?? this.#all)?.previews ?? false;
  }

  /** Of a settled task nothing more will come. */
  forget(id: TaskId): void {
    this.#named.delete(id);
  }
}
