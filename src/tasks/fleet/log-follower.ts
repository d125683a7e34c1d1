import type { FleetLog, LogItem } from "#/fleet/fleet-log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { FleetEvents } from "./fleet-events.ts";
import type { FleetTasks } from "./fleet-tasks.ts";
import { keptPreview } from "./kept-preview.ts";
import type { LineNews } from "./line-news.ts";
import type { Recorder } from "./recorder.ts";

/** What following works with. */
export type FollowerParts = Readonly<{
  fleetLog: Pick<FleetLog, "read">;
  events: FleetEvents;
  tasks: FleetTasks;
  /** Learns of a task that another head took. */
  know: (id: TaskId) => Promise<void>;
  recorder: Pick<Recorder, "hear" | "over">;
  news: Pick<LineNews, "changed" | "heard">;
  /** A task has one picture more. */
  saved: (id: TaskId) => void;
  /** Something is missing in the log: what is known must be compared with what is. */
  compare: () => Promise<void>;
  /** A row could not be read: the same is to be done in a while. */
  compareLater: () => void;
  /** A member came, left or changed. */
  memberChanged: (told: Readonly<{ id: string; change: "came" | "left" | "changed" }>) => void;
  /** A task began or left somewhere. */
  moved: () => void;
}>;

/** Hears what all members of the fleet tell, and keeps this head's copy of it. */
export class LogFollower {
  readonly #parts: FollowerParts;
  #after: number;

  /** @param after the number before the oldest entry that is kept */
  constructor(parts: FollowerParts, after: number) {
    this.#parts = parts;
    this.#after = after;
  }

  /** Hears what was told before this head came, up to a number. What ended then is recorded by whoever looks for such ends. */
  async catchUp(last: number, signal: AbortSignal): Promise<void> {
    if (last <= this.#after) return;
    for await (const item of this.#parts.fleetLog.read(this.#after, signal)) {
      if (!("gap" in item)) await this.#hear(item, false);
      else if (item.from > last) return;
      if (this.#after >= last) return;
    }
  }

  /** Hears everything from there on, until the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    for await (const item of this.#parts.fleetLog.read(this.#after, signal)) {
      if ("gap" in item) await this.#parts.compare().catch(() => this.#parts.compareLater());
      else await this.#hear(item, true);
    }
  }

  async #hear(item: LogItem, isNew: boolean): Promise<void> {
    const { entry, seq, at } = item;
    const { events, tasks, news, moved } = this.#parts;
    this.#after = seq;
    events.hear(seq);
    if (entry.taskId === null) return this.#hearOfAll(item);
    const { taskId } = entry;
    switch (entry.type) {
      case "ended":
        tasks.leave(taskId);
        moved();
        if (isNew) this.#parts.recorder.hear(taskId);
        return;
      case "warned":
        return tasks.warn(taskId, entry.warnings);
      case "put-back":
        tasks.putBack(taskId, entry.attempts);
        moved();
        return news.changed();
      case "queued":
        if (isNew) await this.#parts.know(taskId).catch(() => this.#parts.compareLater());
        news.heard(taskId, entry.position, entry.ahead);
        events.take({ ...entry, seq, at });
        return news.changed();
      case "started":
        tasks.start(taskId, at, entry.attempt, entry.on);
        moved();
        events.take({ ...entry, seq, at });
        return news.changed();
      case "progress": {
        const preview = item.preview === undefined ? null : keptPreview(item.preview);
        tasks.advance(taskId, at, entry, preview);
        return events.take({ ...entry, preview, seq, at });
      }
      case "image":
        tasks.keep(taskId, entry.image);
        if (isNew) this.#parts.saved(taskId);
        return events.take({ ...entry, seq, at });
      case "settled":
        tasks.end(taskId);
        this.#parts.recorder.over(taskId);
        // Two heads may tell it, where one died between writing and telling.
        if (!events.hasSettled(taskId)) events.take({ ...entry, seq, at });
        return news.changed();
    }
  }

  #hearOfAll({ entry, seq, at }: LogItem): void {
    const { events, tasks, news, memberChanged } = this.#parts;
    if (entry.taskId !== null) return;
    switch (entry.type) {
      case "member":
        return memberChanged(entry);
      case "queue":
        tasks.pause(entry.paused);
        tasks.reorder(entry.pending);
        return news.changed();
      case "removed":
        for (const id of entry.tasks) events.forget(id);
        return events.take({ ...entry, seq, at });
      case "starred":
      case "engine":
        return events.take({ ...entry, seq, at });
    }
  }
}
