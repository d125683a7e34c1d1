import type { FleetLog, ToldPreview } from "#/fleet/fleet-log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { TaskHappening } from "../life-cycle/events.ts";

/** Milliseconds between two previews of a task: each is tens of kilobytes. */
const betweenPreviews = 400;

/** What happens to a task at a worker, told to all heads in its order. A preview is a PNG beside its progress. */
export class Happenings {
  readonly #id: TaskId;
  readonly #log: Pick<FleetLog, "append">;
  #turn: Promise<unknown> = Promise.resolve();
  #previewedAt = Number.NEGATIVE_INFINITY;

  constructor(id: TaskId, log: Pick<FleetLog, "append">) {
    this.#id = id;
    this.#log = log;
  }

  tell(happening: TaskHappening): void {
    if (happening.type === "snapshot") return;
    if (happening.type !== "progress") return this.#next(() => this.#append(happening));
    const { preview, ...progress } = happening;
    const plain = { ...progress, preview: null };
    const isDue = preview !== null && performance.now() - this.#previewedAt >= betweenPreviews;
    if (!isDue) return this.#next(() => this.#append(plain));
    this.#previewedAt = performance.now();
    const { width, height } = preview;
    this.#next(async () => {
      const png = await preview.png().catch(() => undefined);
      this.#append(plain, png === undefined ? undefined : { width, height, png });
    });
  }

  /** Until all is told, or kept to be told when Redis is back. */
  async all(): Promise<void> {
    await this.#turn;
  }

  #append(happening: Exclude<TaskHappening, { type: "snapshot" }>, preview?: ToldPreview): void {
    void this.#log.append({ taskId: this.#id, ...happening }, preview);
  }

  #next(tell: () => void | Promise<void>): void {
    this.#turn = this.#turn.then(tell);
  }
}
